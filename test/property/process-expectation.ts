import { expect } from "vitest";
import type { RawNotification } from "../raw-connection.ts";

/** How a process of the test behaves. */
export interface Behaviour {
  readonly argv: readonly string[];
  readonly tty?: boolean;
  readonly pipeStdin?: boolean;
  /** What it prints by itself, where that is known to the byte. */
  readonly prints?: { readonly stdout: string; readonly stderr: string };
  /** Whether it copies its stdin to its stdout. */
  readonly echoes?: boolean;
  readonly exitCode?: number;
}

interface Write {
  readonly writeId: string;
  readonly text: string;
  /** What the executor said, once it has. */
  outcome: "accepted" | "refused" | undefined;
}

interface NumberedEvent {
  readonly type: string;
  readonly stream: string;
  readonly chunk: string;
}

/** What is known of one process, from what was asked and from what was heard. */
export class ProcessExpectation {
  readonly behaviour: Behaviour;
  /** Somebody signalled or terminated it: it may stop anywhere. */
  disturbed = false;
  readonly writes: Write[] = [];
  readonly #pushed = new Map<number, NumberedEvent>();

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  /** What its stdin gets in the end, if it lives long enough. */
  get input(): string {
    return this.writes
      .filter(({ outcome }) => outcome === "accepted")
      .map(({ text }) => text)
      .join("");
  }

  /** Takes a notification: a number is pushed at most once (03 I-2). */
  heard({ method, params }: RawNotification): void {
    const seq = Number(params.seq);
    expect(this.#pushed.has(seq), `number ${seq} was pushed twice`).toBe(false);
    // A long chunk that came as bytes is decoded already.
    const chunk = params.chunk instanceof Uint8Array ? Buffer.from(params.chunk).toString("base64") : params.chunk;
    const event = { type: method, stream: String(params.stream), chunk: String(chunk) };
    this.#pushed.set(seq, event);
  }

  /** Holds the whole record, read from the start after the close, against everything that is known. */
  check(record: Record<string, unknown>): void {
    const chunks = record.chunks as { seq: number; stream: string; chunk: string }[];
    const last = Number(record.nextSeq) - 1;
    expect(record).toMatchObject({ exited: true, closed: true, failure: null });
    this.#checkNumbers(chunks, last);
    this.#checkBytes(chunks);
    if (!this.disturbed && this.behaviour.exitCode !== undefined) expect(record.exitCode).toBe(this.behaviour.exitCode);
  }

  /** I-2, I-4: numbers 1 to n, each an output, the one exit or the one close, which is the last. */
  #checkNumbers(chunks: readonly { seq: number; stream: string; chunk: string }[], last: number): void {
    const outputs = new Map(chunks.map(({ seq, stream, chunk }) => [seq, { stream, chunk }]));
    const others = Array.from({ length: last }, (_, index) => index + 1).filter((seq) => !outputs.has(seq));
    expect(others, "exactly the exit and the close are no output").toHaveLength(2);
    expect(others.at(-1)).toBe(last);
    for (const [seq, { type, stream, chunk }] of this.#pushed) {
      if (type === "process/output") expect({ stream, chunk }).toEqual(outputs.get(seq));
      else expect(seq).toBe(others[type === "process/exited" ? 0 : 1]);
    }
  }

  /** I-1, I-8, I-9: what it printed is what it was to print, whole unless it was disturbed. */
  #checkBytes(chunks: readonly { stream: string; chunk: string }[]): void {
    const printed = (stream: string) =>
      Buffer.concat(
        chunks.filter((each) => each.stream === stream).map(({ chunk }) => Buffer.from(chunk, "base64")),
      ).toString();
    const wanted = this.behaviour.echoes
      ? { stdout: this.input, stderr: "" }
      : (this.behaviour.prints ?? { stdout: printed("stdout"), stderr: printed("stderr") });
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.disturbed) expect(wanted[stream].startsWith(printed(stream))).toBe(true);
      else expect(printed(stream)).toBe(wanted[stream]);
    }
  }
}
