import { ProctorError, ProtocolError } from "../protocol/errors.ts";
import type { OutputStream, ProcessReadResult } from "../protocol/process.ts";

/** One numbered event of a process, as its orchestrator sees it. */
export type RemoteEvent =
  | { readonly type: "output"; readonly seq: number; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: "exited"; readonly seq: number; readonly exitCode: number }
  | { readonly type: "closed"; readonly seq: number };

/** Stands where events are lost that an observer has missed: those after `afterSeq` and before `beforeSeq`. */
export interface EventGap {
  readonly type: "gap";
  readonly afterSeq: number;
  readonly beforeSeq: number;
}

/** What an observer sees of a process. */
export type ObservedEvent = RemoteEvent | EventGap;

/** Events of a process are missing and cannot be had any more. */
export class EventGapError extends ProctorError {
  /** The lost numbers: after `afterSeq` and before `beforeSeq`. */
  readonly afterSeq: number;
  readonly beforeSeq: number;

  constructor(afterSeq: number, beforeSeq: number) {
    super("eventGap", `events ${afterSeq + 1} to ${beforeSeq - 1} are lost`, { effect: "unknown" });
    this.afterSeq = afterSeq;
    this.beforeSeq = beforeSeq;
  }
}

/** Bounds of what waits for an earlier number (03 D-6). */
export const reorderLimits = { events: 1_024, bytes: 4 * 1024 * 1024 } as const;

/**
 * Puts the events of one process back into the order of their numbers, each once: executors push from several tasks, so
 * the order of the wire is not the order of the numbers (01 W-44, 03 SS-43), and after an outage the same event can come by
 * push and by reading (03 CL-43).
 */
export class EventOrder {
  readonly #waiting = new Map<number, RemoteEvent>();
  #waitingBytes = 0;
  #lastSeq = 0;
  #exitIsKnown = false;

  /** The number of the last event that was released. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The lowest number that waits for an earlier one; `null`: none does. */
  get firstWaiting(): number | null {
    return this.#waiting.size === 0 ? null : Math.min(...this.#waiting.keys());
  }

  /** Is the bound exceeded, so that what is missing had better be read? */
  get overflows(): boolean {
    return this.#waiting.size > reorderLimits.events || this.#waitingBytes > reorderLimits.bytes;
  }

  /** Takes an event in; the first with a number wins. */
  add(event: RemoteEvent): void {
    if (event.seq <= this.#lastSeq || this.#waiting.has(event.seq)) return;
    if (event.type === "exited") this.#exitIsKnown = true;
    this.#waiting.set(event.seq, event);
    this.#waitingBytes += sizeOf(event);
  }

  /** Goes on from a number, without what comes before it. */
  skipTo(seq: number): void {
    this.#lastSeq = seq - 1;
  }

  /** Lets go of what waits; the executor still has it. */
  forgetWaiting(): void {
    for (const event of this.#waiting.values()) if (event.type === "exited") this.#exitIsKnown = false;
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }

  /**
   * Takes in what `process/read` answered for what comes after `lastSeq` (03 CL-41): all of it, or one page, bounded by bytes.
   * Tells whether that was all. The number of the close is the last one. That of the exit is in the answer of a Proctor
   * executor; from any other it is the only one that is left.
   * @throws EventGapError when more is missing than that; ProtocolError when the answer cannot be true.
   */
  merge(answer: ProcessReadResult, isPage: boolean): boolean {
    if (answer.failure !== null) throw new ProtocolError(`the executor cannot follow the process: ${answer.failure}`);
    const target = answer.nextSeq - 1;
    const isAll = !isPage || answer.chunks.length === 0;
    if (target <= this.#lastSeq) return isAll;
    for (const { seq, stream, chunk } of answer.chunks) this.add({ type: "output", seq, stream, bytes: chunk });
    if (answer.closed && isAll) this.add({ type: "closed", seq: target });
    const exitSeq = answer.exitSeq ?? (isAll ? this.#inferredExit(answer, target) : null);
    if (exitSeq !== null && answer.exitCode !== null) {
      this.add({ type: "exited", seq: exitSeq, exitCode: answer.exitCode });
    }
    const [missing] = this.#missingUpTo(target);
    if (missing !== undefined) throw this.#gapAfter(missing);
    if (isAll && answer.exited && !this.#exitIsKnown) {
      throw new ProtocolError("the executor says that the process has exited, and has no event for it");
    }
    return isAll;
  }

  /** Releases what is in order now. */
  *release(): Generator<RemoteEvent> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) yield next;
  }

  #take(): RemoteEvent | undefined {
    const next = this.#waiting.get(this.#lastSeq + 1);
    if (next === undefined) return undefined;
    this.#waiting.delete(next.seq);
    this.#waitingBytes -= sizeOf(next);
    this.#lastSeq = next.seq;
    return next;
  }

  /** Exit is the only event below the close that is not retained: if one number is missing, it is the exit's (03 CL-42). */
  #inferredExit(answer: ProcessReadResult, target: number): number | null {
    if (!answer.exited || this.#exitIsKnown) return null;
    const [first, second] = this.#missingUpTo(target);
    return second === undefined ? (first ?? null) : null;
  }

  /** The first missing numbers; two are as good as many. */
  #missingUpTo(target: number): number[] {
    const missing: number[] = [];
    for (let seq = this.#lastSeq + 1; seq <= target && missing.length < 2; seq += 1) {
      if (!this.#waiting.has(seq)) missing.push(seq);
    }
    return missing;
  }

  #gapAfter(first: number): EventGapError {
    const next = [...this.#waiting.keys()].filter((seq) => seq > first).sort((a, b) => a - b)[0];
    return new EventGapError(first - 1, next ?? first + 1);
  }
}

/** Payload bytes of an event. */
export function sizeOf(event: ObservedEvent): number {
  return event.type === "output" ? event.bytes.length : 0;
}
