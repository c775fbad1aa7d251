import type { Clock } from "../ports/clock.ts";

/** A number that has been missing for so long is not on its way any more (03 D-6). */
export const gapPatienceMs = 250;

/**
 * Notices that an event is missing which later ones have overtaken for too long. It has one timer, and that only while
 * something is missing.
 */
export class GapWatch {
  readonly #clock: Clock;
  readonly #overdue: () => void;
  #missingSeq: number | null = null;
  #sinceMs = 0;
  #timer: unknown = null;

  /** @param overdue called when a number is overdue, and again as long as it stays missing */
  constructor(clock: Clock, overdue: () => void) {
    this.#clock = clock;
    this.#overdue = overdue;
  }

  /** Which number is missing now; `null`: none. */
  see(missingSeq: number | null): void {
    if (missingSeq === this.#missingSeq) return;
    this.#missingSeq = missingSeq;
    if (missingSeq === null) return this.#disarm();
    this.#sinceMs = this.#clock.now();
    if (this.#timer === null) this.#arm(gapPatienceMs);
  }

  #arm(ms: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), ms);
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Another number may be missing by now than when the timer was set. */
  #look(): void {
    const leftMs = this.#sinceMs + gapPatienceMs - this.#clock.now();
    this.#arm(leftMs > 0 ? leftMs : gapPatienceMs);
    if (leftMs <= 0) this.#overdue();
  }
}
