/** A part of a connection that ends with it. */
interface ConnectionPart {
  connectionEnded(): void;
}

/**
 * A part that most connections never need: it is made when it is first asked for. With a thousand connections at rest such parts
 * were a tenth of what they held in memory.
 */
export class OnDemand<Part extends ConnectionPart> {
  readonly #make: () => Part;
  #made: Part | null = null;
  #isOver = false;

  constructor(make: () => Part) {
    this.#make = make;
  }

  /** The part; one that is made after the end has ended too. */
  get part(): Part {
    if (this.#made === null) {
      this.#made = this.#make();
      if (this.#isOver) this.#made.connectionEnded();
    }
    return this.#made;
  }

  /** `null` as long as nobody asked. */
  get made(): Part | null {
    return this.#made;
  }

  /** The connection is gone. */
  connectionEnded(): void {
    this.#isOver = true;
    this.#made?.connectionEnded();
  }
}
