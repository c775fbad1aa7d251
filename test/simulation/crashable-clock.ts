import type { Clock } from "../../src/ports/clock.ts";

/** The clock of one program: when that dies, none of its timers fires any more. */
export class CrashableClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<unknown>();
  #isCrashed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(fn: () => void, timeoutMs: number): unknown {
    if (this.#isCrashed) return undefined;
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      fn();
    }, timeoutMs);
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(id: unknown): void {
    this.#timers.delete(id);
    this.#clock.clearTimeout(id);
  }

  crash(): void {
    this.#isCrashed = true;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }
}
