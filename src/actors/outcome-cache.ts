/** Outcomes that a session remembers (03 D-5). */
export const rememberedOutcomes = 1_024;

/**
 * The outcomes of calls by the key that their caller gave them: a repeated call joins the one that runs, or gets the answer of
 * the one that is over. The oldest outcome goes first.
 */
export class OutcomeCache {
  readonly #outcomes = new Map<string, Promise<unknown>>();

  /** Runs a call once per key. One that was discarded because `signal` was aborted before it began is not remembered. */
  once<T>(key: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const known = this.#outcomes.get(key);
    if (known !== undefined) return known as Promise<T>; // whoever gives a key again gives the same call
    const outcome = run();
    this.#outcomes.set(key, outcome);
    outcome.catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) this.#outcomes.delete(key);
    });
    this.#forgetOldest();
    return outcome;
  }

  #forgetOldest(): void {
    if (this.#outcomes.size <= rememberedOutcomes) return;
    for (const oldest of this.#outcomes.keys()) {
      this.#outcomes.delete(oldest);
      return;
    }
  }
}
