/** Whether the readers of one process have room for more. */
export class ReaderRoom {
  readonly #full = new Set<object>();
  readonly #waiting: (() => void)[] = [];

  /** A reader has more than it should. */
  fill(reader: object): void {
    this.#full.add(reader);
  }

  /** A reader has caught up. */
  free(reader: object): void {
    if (!this.#full.delete(reader) || this.#full.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when none has too much. */
  wait(): Promise<void> {
    if (this.#full.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
