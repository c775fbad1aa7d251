/** How long a test waits for something that should come at once. */
export const PATIENCE_MS = 15_000;

/** Lets a test wait for a condition over what has arrived, without polling. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();

  /** To be called after every arrival: looks at all conditions again. */
  changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves once `condition` holds; rejects with `missing()` when it still does not after `timeoutMs`. */
  async until(condition: () => boolean, missing: () => string, timeoutMs = PATIENCE_MS): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error(`after ${timeoutMs} ms: ${missing()}`)), timeoutMs);
    const look = () => {
      if (condition()) resolve();
    };
    this.#waiting.add(look);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }
}
