import { ProctorError, ProtocolError } from "../protocol/errors.ts";
import type { OutputStream, ProcessReadResult, ResourceUsage } from "../protocol/process.ts";

/** How a process ended. */
export interface ProcessExit {
  /** 0 to 255; 128 + the number of the signal that killed it; -1 when unknown (02 P-30). */
  readonly exitCode: number;
  /** Its time limit was over before it exited, so it was ended; absent otherwise. */
  readonly timedOut?: true;
  /** What it used; `null` from an executor that does not tell, or whose host cannot. */
  readonly usage: ResourceUsage | null;
  /** Its end looks like the work of its sandbox, so that it may succeed without; absent otherwise. */
  readonly sandboxDenied?: true;
  /** Its sandbox could not be set up, so that it never ran: why; absent otherwise. */
  readonly failure?: string;
}

/** The exit as an executor tells it. */
export function exitOf(
  exitCode: number,
  told: {
    readonly timedOut?: boolean | undefined;
    readonly usage?: ResourceUsage | null | undefined;
    readonly sandboxDenied?: boolean | undefined;
    readonly failure?: string | null | undefined;
  },
): ProcessExit {
  return {
    exitCode,
    usage: told.usage ?? null,
    ...(told.timedOut === true && { timedOut: true }),
    ...(told.sandboxDenied === true && { sandboxDenied: true }),
    ...(typeof told.failure === "string" && { failure: told.failure }),
  };
}

/** One numbered event of a process, as its orchestrator sees it. */
export type NumberedEvent =
  | { readonly type: "output"; readonly seq: number; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | ({ readonly type: "exited"; readonly seq: number } & ProcessExit)
  | { readonly type: "closed"; readonly seq: number };

/** Events that are lost for good, in the place where they would have come; only where gaps are marked (03 D-2). */
export interface GapEvent {
  readonly type: "gap";
  /** The last that is lost, as `toSeq`: like every event it says up to which number all is told. */
  readonly seq: number;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** What an orchestrator hears of a process. */
export type RemoteEvent = NumberedEvent | GapEvent;

/** What becomes of a process whose events are lost: it fails and is terminated, or the gap is marked and it goes on (03 D-2). */
export type GapPolicy = "fail" | "mark";

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
  readonly #gapPolicy: GapPolicy;
  /** By number; a gap by its first. */
  readonly #waiting = new Map<number, RemoteEvent>();
  #waitingBytes = 0;
  #lastSeq = 0;
  #exitIsKnown = false;

  constructor(gapPolicy: GapPolicy = "fail") {
    this.#gapPolicy = gapPolicy;
  }

  /** The number of the last event that was released. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The number that later events wait for, once what is in order was released; `null`: none waits. */
  get missingSeq(): number | null {
    return this.#waiting.size === 0 ? null : this.#lastSeq + 1;
  }

  /** Is the bound exceeded, so that what is missing had better be read? */
  get overflows(): boolean {
    return this.#waiting.size > reorderLimits.events || this.#waitingBytes > reorderLimits.bytes;
  }

  /** Takes an event in; the first with a number wins. */
  add(event: NumberedEvent): void {
    if (event.seq <= this.#lastSeq || this.#waiting.has(event.seq)) return;
    if (event.type === "exited") this.#exitIsKnown = true;
    this.#waiting.set(event.seq, event);
    this.#waitingBytes += sizeOf(event);
  }

  /** Gives up what is missing before the events that wait: a gap stands in each place. */
  giveUpMissing(): void {
    this.#markMissingUpTo(Math.max(this.#lastSeq, ...this.#waiting.keys()));
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
   * @throws EventGapError when more is missing than that, unless gaps are marked; ProtocolError when the answer cannot be true.
   */
  merge(answer: ProcessReadResult, isPage: boolean): boolean {
    // Of a process that has exited it says why the program never ran (05 SB-Q6).
    if (answer.failure !== null && !answer.exited)
      throw new ProtocolError(`the executor cannot follow the process: ${answer.failure}`);
    const target = answer.nextSeq - 1;
    const isAll = !isPage || answer.chunks.length === 0;
    if (target <= this.#lastSeq) return isAll;
    for (const { seq, stream, chunk } of answer.chunks) this.add({ type: "output", seq, stream, bytes: chunk });
    if (answer.closed && isAll) this.add({ type: "closed", seq: target });
    const exitSeq = answer.exitSeq ?? (isAll ? this.#inferredExit(answer, target) : null);
    if (exitSeq !== null && answer.exitCode !== null) {
      this.add({ type: "exited", seq: exitSeq, ...exitOf(answer.exitCode, answer) });
    }
    this.#markMissingUpTo(target);
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
    this.#waiting.delete(this.#lastSeq + 1);
    this.#waitingBytes -= sizeOf(next);
    this.#lastSeq = next.seq;
    if (next.type === "gap") this.#forgetOvertaken();
    return next;
  }

  /** @throws EventGapError unless gaps are marked. */
  #markMissingUpTo(target: number): void {
    for (const { fromSeq, toSeq } of this.#missingUpTo(target)) {
      if (this.#gapPolicy === "fail") throw new EventGapError(fromSeq - 1, toSeq + 1);
      this.#waiting.set(fromSeq, { type: "gap", seq: toSeq, fromSeq, toSeq });
    }
  }

  /** What came after all when it had been given up, and was not released in its place. */
  #forgetOvertaken(): void {
    for (const [seq, event] of this.#waiting) {
      if (seq > this.#lastSeq) continue;
      this.#waiting.delete(seq);
      this.#waitingBytes -= sizeOf(event);
    }
  }

  /**
   * Exit is the only event below the close that is not retained: if one number is missing, it is the exit's (03 CL-42). If more
   * are, and gaps are marked, it is the last: what is evicted is the oldest.
   */
  #inferredExit(answer: ProcessReadResult, target: number): number | null {
    if (!answer.exited || this.#exitIsKnown) return null;
    const missing = this.#missingUpTo(target);
    const last = missing.at(-1);
    if (last === undefined) return null;
    const isOnlyOne = missing.length === 1 && last.fromSeq === last.toSeq;
    return isOnlyOne || this.#gapPolicy === "mark" ? last.toSeq : null;
  }

  /** The missing numbers, in ranges. */
  #missingUpTo(target: number): { readonly fromSeq: number; readonly toSeq: number }[] {
    const missing: { fromSeq: number; toSeq: number }[] = [];
    let next = this.#lastSeq + 1;
    for (const [first, { seq }] of [...this.#waiting].sort(([a], [b]) => a - b)) {
      if (first > target) break;
      if (first > next) missing.push({ fromSeq: next, toSeq: first - 1 });
      next = seq + 1;
    }
    if (next <= target) missing.push({ fromSeq: next, toSeq: target });
    return missing;
  }
}

/** Payload bytes of an event. */
export function sizeOf(event: RemoteEvent): number {
  return event.type === "output" ? event.bytes.length : 0;
}
