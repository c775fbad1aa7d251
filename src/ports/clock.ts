/**
 * Time, as everything in Proctor sees it. The shape is a superset of XState's `Clock`, so the same object drives the
 * `after` delays of the machines. Simulations replace it with virtual time.
 */
export interface Clock {
  /** Milliseconds on a monotonic scale with an arbitrary origin: only differences mean something. */
  now(): number;
  /**
   * Milliseconds of the calendar, which goes on while the host is suspended, as `now` and timers need not: how far it runs ahead
   * of `now` gives a suspension away. Absent: it never does.
   */
  wallNow?(): number;
  /** Runs `fn` once, `timeoutMs` from now. */
  setTimeout(fn: () => void, timeoutMs: number): unknown;
  /** Forgets a timer; harmless for one that has fired. */
  clearTimeout(id: unknown): void;
}

/** Node fires a longer timer at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** The host's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimeout: (fn, timeoutMs) => setTimeout(fn, timeoutMs),
  clearTimeout: (id) => clearTimeout(id as ReturnType<typeof setTimeout>),
};
