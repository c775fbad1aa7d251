import type { Observable } from "rxjs";
import { EventGapError, type GapPolicy, type NumberedEvent, type RemoteEvent } from "../actors/event-order.ts";
import type { SeqRange } from "../actors/process-lost-error.ts";
import { ProctorError } from "../protocol/errors.ts";
import type { OutputStream } from "../protocol/process.ts";

/** A piece of output. Its boundaries carry no meaning; order is kept within one stream (02 P-24, P-25). */
export interface OutputChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
  /** So many events right before this one are lost to the reader, where gaps are marked. Absent: none is. */
  readonly missedBefore?: number;
}

/** What a reader reads from. */
export interface OutputSource {
  readonly processId: string;
  readonly events$: Observable<RemoteEvent>;
  /** A reader has more than it should. */
  hold(reader: object): void;
  /** The reader has caught up. */
  release(reader: object): void;
}

/** Output came before anybody read it, and more than is kept; what is left begins after the gap. */
export class OutputMissedError extends ProctorError {
  /** The number of the first chunk that can still be read. */
  readonly firstSeq: number;

  constructor(processId: string, firstSeq: number) {
    super("outputMissed", `output of process ${processId} before number ${firstSeq} was not read in time`);
    this.firstSeq = firstSeq;
  }
}

/** Bounds of what waits for one reader. */
export const readerLimits = {
  /** Above this the executor is slowed down. */
  brakeBytes: 1024 * 1024,
  /** Above this, reached only while other calls are answered past a stalled reader, the rest is given up. */
  bytes: 64 * 1024 * 1024,
} as const;

/**
 * One reader's view of a process's output, an async iterator. The reader's pace is the brake: when it falls behind, the
 * link stops reading, the executor stops reading the child, and the child waits. Leaving the loop lets go of everything.
 */
export class OutputReader implements AsyncIterableIterator<OutputChunk> {
  readonly #process: OutputSource;
  readonly #stop: () => void;
  #queue: OutputChunk[] = [];
  #queuedBytes = 0;
  #nextSeq = 1;
  /** The gap that the next chunk stands behind. */
  #gap: SeqRange | null = null;
  /** The end, once it is known; delivered when the queue is empty. */
  #end: { readonly error: unknown } | null = null;
  /** Who asked before there was anything to give, in order. */
  readonly #waiting: { resolve(result: IteratorResult<OutputChunk>): void; reject(error: unknown): void }[] = [];

  /** @param onLastGap what a gap is at the end, where no chunk tells of it: an EventGapError, or left to the events to show */
  constructor(process: OutputSource, onLastGap: GapPolicy = "mark") {
    this.#process = process;
    const subscription = process.events$.subscribe({
      next: (event) => this.#take(event),
      error: (error) => this.#finish(error),
      complete: () => this.#finish(onLastGap === "fail" ? this.#lastGap() : null),
    });
    this.#stop = () => subscription.unsubscribe();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<OutputChunk>> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.bytes.length;
      if (this.#queuedBytes <= readerLimits.brakeBytes / 2) this.#process.release(this);
      return { done: false, value: chunk };
    }
    if (this.#end !== null) {
      const { error } = this.#end;
      this.#end = { error: null }; // an error is told once, then the iterator is done
      if (error !== null) throw error;
      return { done: true, value: undefined };
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<OutputChunk>> {
    this.#queue = [];
    this.#end = { error: null }; // whoever leaves does not want to hear of an error either
    this.#finish(null);
    return { done: true, value: undefined };
  }

  #take(event: RemoteEvent): void {
    const firstSeq = event.type === "gap" ? event.fromSeq : event.seq;
    const missed = firstSeq > this.#nextSeq;
    this.#nextSeq = event.seq + 1;
    if (this.#end !== null) return;
    if (missed) return this.#finish(new OutputMissedError(this.#process.processId, firstSeq));
    if (event.type === "gap") this.#gap = { fromSeq: this.#gap?.fromSeq ?? event.fromSeq, toSeq: event.toSeq };
    if (event.type === "output") this.#offer(event);
  }

  #offer({ seq, stream, bytes }: NumberedEvent & { readonly type: "output" }): void {
    const missedBefore = this.#gap === null ? {} : { missedBefore: this.#gap.toSeq - this.#gap.fromSeq + 1 };
    this.#gap = null;
    const chunk: OutputChunk = { seq, stream, bytes, ...missedBefore };
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting.resolve({ done: false, value: chunk });
    if (this.#queuedBytes + bytes.length > readerLimits.bytes) {
      return this.#finish(new OutputMissedError(this.#process.processId, seq + 1));
    }
    this.#queue.push(chunk);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > readerLimits.brakeBytes) this.#process.hold(this);
  }

  #lastGap(): EventGapError | null {
    return this.#gap && new EventGapError(this.#gap.fromSeq - 1, this.#gap.toSeq + 1);
  }

  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#process.release(this);
    queueMicrotask(() => this.#stop()); // later: the subscription may be calling us from within its own creation
    for (const { resolve, reject } of this.#waiting.splice(0)) this.next().then(resolve, reject);
  }
}
