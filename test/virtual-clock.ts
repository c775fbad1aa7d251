import type { Clock } from "../src/ports/clock.ts";

interface Timer {
  readonly deadline: number;
  /** Decides between timers of one deadline; the order of arming unless a tie-break says otherwise. */
  readonly rank: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** How to run a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** A number for each new timer: of those due at the same moment, the lowest fires first. */
  readonly tieBreak?: () => number;
}

/** Above this, the timers of Node fire at once; nobody means that. */
const longestTimeoutMs = 2 ** 31 - 1;
/** More timers than this at one moment are an endless loop of zero delays. */
const mostTimersAtOnce = 100_000;

/**
 * Time under the control of a test. It steps from deadline to deadline, so that a timer that arms the next one finds the
 * time of its own deadline, and a chain of delays ends where it should. Timers fire synchronously, inside `advance`.
 */
export class VirtualClock implements Clock {
  readonly #heap: Timer[] = [];
  readonly #tieBreak: (() => number) | undefined;
  #now = 0;
  #suspendedMs = 0;
  #order = 0;
  #pending = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#tieBreak = options.tieBreak;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#suspendedMs;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending;
  }

  /** When the next timer is due, or `null`. */
  get nextDeadline(): number | null {
    return this.#first()?.deadline ?? null;
  }

  setTimeout(fn: () => void, timeoutMs: number): unknown {
    if (!(timeoutMs <= longestTimeoutMs)) throw new RangeError(`a timer of ${timeoutMs} ms would fire at once in Node`);
    const order = this.#order++;
    const rank = this.#tieBreak?.() ?? order;
    const timer = { deadline: this.#now + Math.max(0, timeoutMs), rank, order, fn, cancelled: false };
    this.#heap.push(timer);
    this.#rise(this.#heap.length - 1);
    this.#pending += 1;
    return timer;
  }

  clearTimeout(id: unknown): void {
    // Whoever clears holds what setTimeout gave out, or nothing.
    const timer = id as Timer | undefined;
    if (timer === undefined || timer.cancelled) return;
    timer.cancelled = true;
    this.#pending -= 1;
  }

  /** Lets time pass, and fires what becomes due on the way, also what is armed meanwhile. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not run backwards: ${ms} ms`);
    const end = this.#now + ms;
    let atOnce = 0;
    for (let timer = this.#first(); timer !== undefined && timer.deadline <= end; timer = this.#first()) {
      atOnce = timer.deadline > this.#now ? 0 : atOnce + 1;
      if (atOnce > mostTimersAtOnce) throw new Error(`the timers of moment ${this.#now} never come to an end`);
      this.step();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Fires the one timer that is due first, at its own moment; false when none waits. */
  step(): boolean {
    const timer = this.#first();
    if (timer === undefined) return false;
    this.#now = Math.max(this.#now, timer.deadline);
    this.#removeFirst();
    timer.cancelled = true;
    this.#pending -= 1;
    timer.fn();
    return true;
  }

  /** Lets time pass while nothing runs, as in a blocked or suspended process: what fell due fires late, in `advance`. */
  stall(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not run backwards: ${ms} ms`);
    this.#now += ms;
  }

  /** The host sleeps, and time and timers stand still with it, as on Linux; only the calendar goes on. */
  suspend(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not run backwards: ${ms} ms`);
    this.#suspendedMs += ms;
  }

  /** The timer that is due first, without the cancelled ones that lie before it. */
  #first(): Timer | undefined {
    while (this.#heap[0]?.cancelled === true) this.#removeFirst();
    return this.#heap[0];
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #isBefore(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left], this.#heap[right]];
    if (a === undefined) return false;
    if (b === undefined) return true;
    return (a.deadline - b.deadline || a.rank - b.rank || a.order - b.order) < 0;
  }

  #swap(left: number, right: number): void {
    const [a, b] = [this.#heap[left], this.#heap[right]];
    if (a === undefined || b === undefined) return;
    this.#heap[left] = b;
    this.#heap[right] = a;
  }

  #rise(index: number): void {
    let child = index;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(index: number): void {
    let parent = index;
    for (;;) {
      const left = 2 * parent + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      parent = child;
    }
  }
}
