/** Lets those who send to a slow peer go one after the other, one piece each, and nobody while it reads too slowly (06 H-46a). */
export class SendTurns {
  readonly #hasRoom: () => boolean;
  #waiting: (() => void)[] = [];

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** May somebody send at once? Whoever has waited goes first. */
  get isFree(): boolean {
    return this.#waiting.length === 0 && this.#hasRoom();
  }

  /** Resolves when it is the caller's turn, who then sends one piece and calls `advance`. @throws the signal's reason */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const turn = Promise.withResolvers<void>();
    const go = () => turn.resolve();
    const giveUp = () => turn.reject(signal.reason);
    this.#waiting.push(go);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#waiting = this.#waiting.filter((other) => other !== go);
    }
  }

  /** There may be room again: the one that waits longest goes on. */
  advance(): void {
    if (this.#hasRoom()) this.#waiting[0]?.();
  }
}
