import type { Clock } from "../ports/clock.ts";

/** When the executor was last heard of, without an event for every byte (03 D-1). */
export class LifeSigns {
  readonly #clock: Clock;
  /** When the last byte came in since it was last looked; `null`: none did. */
  #heardAtMs: number | null = null;
  #isAwaited = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A byte came in; was it waited for? */
  heard(): boolean {
    this.#heardAtMs = this.#clock.now();
    const wasAwaited = this.#isAwaited;
    this.#isAwaited = false;
    return wasAwaited;
  }

  /** What was heard until now proves nothing any more. */
  forget(): void {
    this.#heardAtMs = null;
  }

  /**
   * How long ago the executor was heard of since the last look, in milliseconds; `null`: it was not, so that the next sign is
   * waited for. While we do not read we cannot hear: a deaf link takes the executor to be alive.
   */
  look(isDeaf: boolean): number | null {
    const now = this.#clock.now();
    const heardAtMs = isDeaf ? now : this.#heardAtMs;
    this.#heardAtMs = null;
    this.#isAwaited = heardAtMs === null;
    return heardAtMs === null ? null : now - heardAtMs;
  }
}
