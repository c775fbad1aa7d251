/** Write ids remembered per process (02 P-46). */
export const rememberedWriteIds = 4096;

/**
 * Which writes a process has taken, so that a repeated one is recognised and not applied twice (02 P-45). First in, first
 * out; a repetition does not refresh its age.
 */
export class WriteLedger {
  readonly #ids = new Set<string>();

  has(writeId: string): boolean {
    return this.#ids.has(writeId);
  }

  remember(writeId: string): void {
    this.#ids.add(writeId);
    if (this.#ids.size <= rememberedWriteIds) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
