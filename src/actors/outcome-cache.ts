import { rpcError } from "../protocol/errors.ts";

/** Outcomes that a session remembers (03 D-5). */
export const rememberedOutcomes = 1_024;

/**
 * The outcomes of calls by the key that their caller gave them: a repeated call joins the one that runs, or gets the answer of
 * the one that is over. The oldest outcome goes first.
 */
export class OutcomeCache {
  readonly #outcomes = new Map<string, Promise<unknown>>();
  readonly #begins: (key: string) => void;

  /** @param begins hears the key of every call before it is made */
  constructor(begins: (key: string) => void = () => undefined) {
    this.#begins = begins;
  }

  /**
   * A call was made by an earlier executor, and what came of it is not known. Repeated, it is not made again: an internal
   * error says so, which to a client means that the effect is unknown.
   */
  interrupted(key: string): void {
    const unknown = Promise.reject(
      rpcError("internalError", "the executor was restarted during this call; whether it was done is not known"),
    );
    unknown.catch(() => undefined); // nobody may ever ask
    this.#outcomes.set(key, unknown);
    this.#forgetOldest();
  }

  /** Runs a call once per key. One that was discarded because `signal` was aborted before it began is not remembered. */
  once<T>(key: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    const known = this.#outcomes.get(key);
    if (known !== undefined) return known as Promise<T>; // whoever gives a key again gives the same call
    this.#begins(key);
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
