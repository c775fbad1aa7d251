import { type Clock, longestTimerMs } from "./clock.ts";

/** A signal that is aborted when the time is over, or when another one is; disposing of it forgets the time. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Begins to count, on a clock that a test can turn.
 * @param error makes the reason of the abort when the time is over
 */
export function deadline(clock: Clock, timeoutMs: number, error: () => Error, outer?: AbortSignal): Deadline {
  const over = new AbortController();
  const timer = clock.setTimeout(() => over.abort(error()), Math.min(timeoutMs, longestTimerMs));
  return {
    signal: outer === undefined ? over.signal : AbortSignal.any([over.signal, outer]),
    [Symbol.dispose]: () => clock.clearTimeout(timer),
  };
}
