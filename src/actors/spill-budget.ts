/** How much may lie on disk: a session's share, within that of its executor (03 D-2). */
export class SpillBudget {
  readonly #limitBytes: number;
  readonly #parent: SpillBudget | null;
  #usedBytes = 0;

  constructor(limitBytes: number, parent: SpillBudget | null = null) {
    this.#limitBytes = limitBytes;
    this.#parent = parent;
  }

  /** Bytes in use. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes a share, or says that there is none left. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false;
    if (this.#parent?.take(bytes) === false) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Gives it back. */
  give(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#parent?.give(bytes);
  }
}
