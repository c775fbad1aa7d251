import type { Clock } from "./clock.ts";

/** A timer that is so late, or a calendar that runs ahead so far, tells that nothing ran meanwhile. */
const suspensionMs = 1_000;

/** How often it is looked whether the calendar runs ahead: on some hosts no timer is late after a suspension. */
const beatMs = 1_000;

interface Timer {
  id: unknown;
  isCleared: boolean;
}

/**
 * A clock that notices when the program did not run for a while: the host was suspended, or the program itself was stopped or
 * busy. It says so before any timer fires that is late for that reason, so that whoever hears of it can clear that timer
 * (03 N-7). Where timers stand still during a suspension (Linux), the calendar gives it away within a second.
 */
export class WakefulClock implements Clock {
  readonly #clock: Clock;
  readonly #woke: () => void;
  #beat: unknown = null;
  /** When it was last looked, on both scales. */
  #seenMs: number;
  #seenWallMs: number;

  constructor(clock: Clock, woke: () => void) {
    this.#clock = clock;
    this.#woke = woke;
    this.#seenMs = clock.now();
    this.#seenWallMs = this.#wallNow();
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(fn: () => void, timeoutMs: number): unknown {
    const dueMs = this.#clock.now() + timeoutMs;
    const timer: Timer = { id: null, isCleared: false };
    timer.id = this.#clock.setTimeout(() => {
      this.#look(dueMs);
      if (!timer.isCleared) fn();
    }, timeoutMs);
    return timer;
  }

  clearTimeout(id: unknown): void {
    // Whoever clears holds what setTimeout gave out, or nothing.
    const timer = id as Timer | undefined;
    if (timer === undefined) return;
    timer.isCleared = true;
    this.#clock.clearTimeout(timer.id);
  }

  /** Looks every second from now on. */
  start(): void {
    this.#beat = this.setTimeout(() => this.start(), beatMs);
  }

  /** Ends that. */
  stop(): void {
    if (this.#beat !== null) this.clearTimeout(this.#beat);
    this.#beat = null;
  }

  #look(dueMs: number): void {
    const now = this.#clock.now();
    const wallNow = this.#wallNow();
    // What fell due before the last look was late then already.
    const lateMs = now - Math.max(dueMs, this.#seenMs);
    const aheadMs = wallNow - this.#seenWallMs - (now - this.#seenMs);
    this.#seenMs = now;
    this.#seenWallMs = wallNow;
    if (Math.max(lateMs, aheadMs) >= suspensionMs) this.#woke();
  }

  #wallNow(): number {
    return this.#clock.wallNow?.() ?? this.#clock.now();
  }
}
