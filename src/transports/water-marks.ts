/** Above this many queued bytes a transport counts as full; wait for `drained` only when `queuedBytes` exceeded it. */
export const HIGH_WATER_BYTES = 1024 * 1024;

/** At or below this many queued bytes a transport that was full reports `drained`. */
export const LOW_WATER_BYTES = 256 * 1024;

/** Remembers that a queue went above {@link HIGH_WATER_BYTES} until it has fallen to {@link LOW_WATER_BYTES}. */
export class DrainWatch {
  #high = false;

  /** The queue was high and has not been low since. */
  get high(): boolean {
    return this.#high;
  }

  /** The queue grew to `queuedBytes`. */
  rose(queuedBytes: number): void {
    if (queuedBytes > HIGH_WATER_BYTES) this.#high = true;
  }

  /** The queue shrank to `queuedBytes`; true once for each time that it had been high. */
  fell(queuedBytes: number): boolean {
    if (!this.#high || queuedBytes > LOW_WATER_BYTES) return false;
    this.#high = false;
    return true;
  }
}
