/** Write ids remembered per process at least (02 P-46). */
export const rememberedWriteIds = 4_096;

/** Write ids remembered per process at most, however many came over the last two connections. */
export const mostRememberedWriteIds = 65_536;

/**
 * Which writes a process has taken, so that a repeated one is recognised and not applied twice (02 P-45). A client that
 * returns repeats what it sent over the connection that it lost, so no id goes that came since the attach before the present
 * one (03 D-11). Beyond that the oldest goes first; a repetition does not refresh its age.
 */
export class WriteLedger {
  readonly #ids = new Set<string>();
  /** Ids of the present connection, and of the one before. */
  #present = 0;
  #previous = 0;

  has(writeId: string): boolean {
    return this.#ids.has(writeId);
  }

  remember(writeId: string): void {
    this.#ids.add(writeId);
    this.#present += 1;
    this.#forget();
  }

  /** A connection has taken the place of the one before. */
  attached(): void {
    this.#previous = this.#present;
    this.#present = 0;
    this.#forget();
  }

  #forget(): void {
    const wanted = Math.max(rememberedWriteIds, this.#previous + this.#present);
    const kept = Math.min(wanted, mostRememberedWriteIds);
    if (this.#ids.size <= kept) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      if (this.#ids.size <= kept) return;
    }
  }
}
