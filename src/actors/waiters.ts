import { type Clock, longestTimerMs } from "../ports/clock.ts";

/** Those who wait for something to become true, each no longer than it wants to. */
export class Waiters {
  readonly #clock: Clock;
  readonly #checks = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when `isDue` says so or the time is over, whichever comes first; rejects with the signal's reason. */
  wait(isDue: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> {
    if (isDue()) return Promise.resolve();
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#clock.clearTimeout(timer);
        this.#checks.delete(check);
        signal.removeEventListener("abort", abort);
      };
      const answer = () => {
        leave();
        resolve();
      };
      const check = () => {
        if (isDue()) answer();
      };
      const abort = () => {
        leave();
        reject(signal.reason);
      };
      const timer = this.#clock.setTimeout(answer, Math.min(waitMs, longestTimerMs));
      this.#checks.add(check);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Something has happened: whoever waited for it goes on. */
  wake(): void {
    for (const check of [...this.#checks]) check();
  }
}
