import { type HistoryLog, historyLimits, recordKind } from "./history-log.ts";
import type { Keyframe } from "./keyframe.ts";

/** What comes next in a history. */
export type Passage =
  /** Records that are no keyframes, from one sequence number up to, and without, another. */
  | { readonly kind: "records"; readonly from: number; readonly to: number }
  /** A slice of a keyframe; after the last one the reader is at `next`. */
  | {
      readonly kind: "keyframe";
      readonly keyframe: Keyframe;
      readonly slice: number;
      readonly isLast: boolean;
      readonly next: number;
    }
  /** The reader was too slow: so many transitions are missing, and a keyframe follows. */
  | { readonly kind: "skipped"; readonly t: number; readonly transitions: number };

/** Whoever is further behind begins anew with what is true now. */
const mostBehind = historyLimits.records / 2;

/** So many records are one passage at most. */
const passageRecords = 2_000;

/** Somebody's place in a history, who reads at a speed of their own; the history does not wait. */
export class HistoryReader {
  readonly #log: HistoryLog;
  #at: number;
  /** Transitions before that place. */
  #transitions: number;
  /** A keyframe that is being read, and the place behind it. */
  #keyframe: { readonly keyframe: Keyframe; readonly next: number; slice: number } | null = null;

  /** @param from a sequence number to go on at; where that is not possible, and by default, with the oldest keyframe that makes sense */
  constructor(log: HistoryLog, from: number | null = null) {
    this.#log = log;
    const canGoOn = from !== null && from >= log.first && from <= log.next && log.next - from <= mostBehind;
    const start = canGoOn ? from : log.keyframeSince(log.next - mostBehind);
    this.#at = start ?? log.next;
    this.#transitions = this.#transitionsBefore(this.#at);
    if (start === null) this.#begin(log.present(), log.next);
  }

  /** The next record to be read. */
  get at(): number {
    return this.#at;
  }

  /** What comes next; `null`: nothing has happened since. */
  next(): Passage | null {
    const log = this.#log;
    if (this.#keyframe !== null) return this.#slice(this.#keyframe);
    if (this.#at < log.first || log.next - this.#at > mostBehind) return this.#skip();
    if (this.#at === log.next) return null;
    if (this.#kindAt(this.#at) === recordKind.keyframe) {
      return this.#slice(this.#begin(log.keyframeOf(this.#at), this.#at + 1));
    }
    const from = this.#at;
    const end = Math.min(log.next, from + passageRecords);
    for (; this.#at < end; this.#at += 1) {
      const kind = this.#kindAt(this.#at);
      if (kind === recordKind.keyframe) break;
      if (kind === recordKind.event) this.#transitions += 1;
    }
    return { kind: "records", from, to: this.#at };
  }

  #skip(): Passage {
    const { transitions, now, next } = this.#log;
    const missed = transitions - this.#transitions;
    this.#transitions = transitions;
    this.#begin(this.#log.present(), next);
    return { kind: "skipped", t: now, transitions: missed };
  }

  #begin(keyframe: Keyframe, next: number) {
    this.#keyframe = { keyframe, next, slice: 0 };
    return this.#keyframe;
  }

  #slice(reading: { readonly keyframe: Keyframe; readonly next: number; slice: number }): Passage {
    const { keyframe, next, slice } = reading;
    const isLast = slice === keyframe.slices - 1;
    reading.slice += 1;
    if (isLast) {
      this.#keyframe = null;
      this.#at = next;
    }
    return { kind: "keyframe", keyframe, slice, isLast, next };
  }

  #kindAt(seq: number): number | undefined {
    return this.#log.kinds[seq % historyLimits.records];
  }

  #transitionsBefore(seq: number): number {
    let count = this.#log.forgotten;
    for (let at = this.#log.first; at < seq; at += 1) if (this.#kindAt(at) === recordKind.event) count += 1;
    return count;
  }
}
