import type { Clock } from "../../src/ports/clock.ts";

interface Timer {
  readonly due: number;
  readonly fn: () => void;
}

/** Time that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(fn: () => void, timeoutMs: number): unknown {
    const timer = { due: this.#now + timeoutMs, fn };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(id: unknown): void {
    for (const timer of this.#timers) if (timer === id) this.#timers.delete(timer);
  }

  /** Lets time pass; timers fire in the order in which they are due, those that they set included. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.due;
      next.fn();
    }
    this.#now = until;
  }
}
