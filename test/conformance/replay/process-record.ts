import { isObject, type Json, type JsonObject } from "../peer/message.ts";

/** A piece of output. */
export interface Chunk {
  readonly seq: number;
  readonly stream: string;
  readonly bytes: Buffer;
}

/** Reads a chunk from a notification's params or from an element of `chunks`. */
export function readChunk(value: Json | undefined): Chunk {
  if (!isObject(value) || typeof value.stream !== "string" || typeof value.chunk !== "string") {
    throw new Error(`not a chunk: ${JSON.stringify(value)}`);
  }
  return { seq: Number(value.seq), stream: value.stream, bytes: Buffer.from(value.chunk, "base64") };
}

/** All bytes of some chunks by stream, in `seq` order, as one comparable text. */
export function bytesByStream(chunks: readonly Chunk[]): string {
  const streams: Record<string, string> = {};
  for (const { stream, bytes } of chunks.toSorted((a, b) => a.seq - b.seq)) {
    streams[stream] = (streams[stream] ?? "") + bytes.toString("latin1");
  }
  return JSON.stringify(Object.entries(streams).sort());
}

/** One life of a process, put together from everything that was said about it: notifications and reads. */
export class ProcessRecord {
  readonly processId: string;
  /** By number; the same chunk from a notification and from reads counts once. */
  readonly chunks = new Map<number, Chunk>();
  exit: { readonly seq: number; readonly code: number } | undefined;
  closedSeq: number | undefined;
  /** What contradicts itself. */
  readonly faults: string[] = [];
  readonly #notified = new Set<number>();

  constructor(processId: string) {
    this.processId = processId;
  }

  /** Whether anything is known of it. */
  get isEmpty(): boolean {
    return this.chunks.size === 0 && !this.exit && this.closedSeq === undefined;
  }

  /** Payload bytes known so far. */
  get byteCount(): number {
    return this.chunks.values().reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Adds what a read showed. */
  addRead(chunk: Chunk): void {
    const known = this.chunks.get(chunk.seq);
    if (!known) this.chunks.set(chunk.seq, chunk);
    else if (known.stream !== chunk.stream || !known.bytes.equals(chunk.bytes)) {
      this.faults.push(`number ${chunk.seq} names two different chunks`);
    }
  }

  /** Adds a `process/*` notification. */
  addNotification(method: string, params: JsonObject): void {
    const seq = Number(params.seq);
    if (this.#notified.has(seq)) this.faults.push(`number ${seq} was notified twice`);
    this.#notified.add(seq);
    if (method === "process/output") this.addRead(readChunk(params));
    else if (method === "process/exited") {
      if (this.exit) this.faults.push("exited twice");
      this.exit = { seq, code: Number(params.exitCode) };
    } else if (method === "process/closed") {
      if (this.closedSeq !== undefined) this.faults.push("closed twice");
      this.closedSeq = seq;
    } else this.faults.push(`unknown notification ${method}`);
  }

  /** What breaks 02 P-23: numbers 1…n without gap, one exit, the close last. */
  numberingFaults(): string[] {
    const { closedSeq } = this;
    if (closedSeq === undefined) return [...this.faults];
    const faults = [...this.faults];
    if (!this.exit) faults.push("closed without an exit");
    const numbers = [...this.chunks.keys(), ...(this.exit ? [this.exit.seq] : []), closedSeq].sort((a, b) => a - b);
    const gap = numbers.findIndex((seq, index) => seq !== index + 1);
    if (gap >= 0) faults.push(`numbers are ${numbers.join(",")}, not 1 to ${numbers.length}`);
    if (numbers.at(-1) !== closedSeq) faults.push(`closed is ${closedSeq}, but the last number is ${numbers.at(-1)}`);
    return faults;
  }

  /** What happened in which order, without the bytes: tells whether two lives were cut into chunks alike. */
  layout(): string {
    const events: [seq: number, what: string][] = [];
    for (const { seq, stream, bytes } of this.chunks.values()) events.push([seq, `${stream} ${bytes.length}`]);
    if (this.exit) events.push([this.exit.seq, "exit"]);
    return events
      .sort(([a], [b]) => a - b)
      .map(([, what]) => what)
      .join(", ");
  }
}
