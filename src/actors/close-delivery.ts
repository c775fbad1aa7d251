/** A process that is closed, as its session sees it. */
export interface ClosedProcess {
  /** The client knows of the close, as far as can be known. */
  closeDelivered(): void;
  /** Too many wait: this one is given up. */
  crowdedOut(): void;
}

/** Processes of one session whose close no client has heard of, kept at once; above it the oldest goes (03 D-3). */
export const mostUnheardCloses = 256;

/** Which closes of a session still have to reach its client (03 D-3): those that were sent, and those that nobody heard. */
export class CloseDelivery {
  readonly #probe: () => void;
  /** Sent to the holder, which has given no sign of life since. */
  readonly #sent = new Set<ClosedProcess>();
  /** In the order of their closes. */
  readonly #unheard = new Set<ClosedProcess>();

  /** @param probe asks the holder for a sign of life, to be reported with `heard`. */
  constructor(probe: () => void) {
    this.#probe = probe;
  }

  /** How many the client may not know of. */
  get waiting(): number {
    return this.#unheard.size + this.#sent.size;
  }

  /** The close is on its way to the holder. One question is under way at a time, however many wait for its answer. */
  sent(process: ClosedProcess): void {
    const isAsked = this.#sent.size > 0;
    this.#sent.add(process);
    if (!isAsked) this.#probe();
  }

  /** The holder is alive, so what was sent to it before has arrived. */
  heard(): void {
    const delivered = [...this.#sent];
    this.#sent.clear();
    for (const process of delivered) process.closeDelivered();
  }

  /** The holder is gone, and nobody can say what it has heard. */
  holderLost(): void {
    this.#sent.clear();
  }

  /** The close waits for a client that returns. */
  unheard(process: ClosedProcess): void {
    this.#unheard.add(process);
    if (this.#unheard.size <= mostUnheardCloses) return;
    const [oldest] = this.#unheard;
    oldest?.crowdedOut();
  }

  /** It waits no more. */
  settled(process: ClosedProcess): void {
    this.#unheard.delete(process);
  }
}
