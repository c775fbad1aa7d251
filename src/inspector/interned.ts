/** Gives each text a number, from 0 in the order of their coming, so that it is carried once. Bounded: then no more are taken. */
export class Interned {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are. */
  get size(): number {
    return this.#texts.length;
  }

  /** The number of a text; `null` when there is no room for another one. */
  numberOf(text: string): number | null {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= this.#most) return null;
    this.#numbers.set(text, this.#texts.length);
    this.#texts.push(text);
    return this.#texts.length - 1;
  }

  /** The text of a number. */
  textOf(number: number): string {
    const text = this.#texts[number];
    if (text === undefined) throw new RangeError(`nothing has the number ${number}`);
    return text;
  }

  /** The texts from a number on. */
  since(number: number): readonly string[] {
    return this.#texts.slice(number);
  }
}
