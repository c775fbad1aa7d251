import type { Clock } from "../../src/ports/clock.ts";

/**
 * The clock of one program: when the program is suspended its timers fire late, in the order in which they were due; when it
 * dies, none fires any more.
 */
export class ProgramClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<unknown>();
  readonly #overdue: (() => void)[] = [];
  #suspendedUntilMs = 0;
  #isWaking = false;
  #isCrashed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the program runs on, or did. */
  get suspendedUntilMs(): number {
    return this.#suspendedUntilMs;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(fn: () => void, timeoutMs: number): unknown {
    if (this.#isCrashed) return undefined;
    const own = { fn: fn as (() => void) | null };
    const timer = this.#arm(() => {
      this.#timers.delete(timer);
      if (!this.#isSuspended) return fn();
      this.#overdue.push(() => own.fn?.());
      this.#wakeLater();
    }, timeoutMs);
    this.#cancels.set(timer as object, own);
    return timer;
  }

  clearTimeout(id: unknown): void {
    if (id === undefined || id === null) return;
    const own = this.#cancels.get(id as object);
    if (own !== undefined) own.fn = null;
    this.#timers.delete(id);
    this.#clock.clearTimeout(id);
  }

  /** The program does not run for a while. */
  suspend(untilMs: number): void {
    this.#suspendedUntilMs = Math.max(this.#suspendedUntilMs, untilMs);
  }

  /** The program is gone. */
  crash(): void {
    this.#isCrashed = true;
    this.#overdue.length = 0;
    for (const timer of this.#timers) this.#clock.clearTimeout(timer);
    this.#timers.clear();
  }

  /** What each timer calls, until it is cleared, be it overdue or not. */
  readonly #cancels = new WeakMap<object, { fn: (() => void) | null }>();

  get #isSuspended(): boolean {
    return this.#overdue.length > 0 || this.#clock.now() < this.#suspendedUntilMs;
  }

  #arm(fn: () => void, timeoutMs: number): unknown {
    const timer = this.#clock.setTimeout(fn, timeoutMs);
    this.#timers.add(timer);
    return timer;
  }

  /** One thing after the other, each a step of its own. */
  #wakeLater(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    const timer = this.#arm(
      () => {
        this.#timers.delete(timer);
        this.#isWaking = false;
        if (this.#clock.now() >= this.#suspendedUntilMs) this.#overdue.shift()?.();
        if (this.#overdue.length > 0) this.#wakeLater();
      },
      Math.max(0, this.#suspendedUntilMs - this.#clock.now()),
    );
  }
}
