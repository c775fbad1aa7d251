import type { Random } from "../../src/ports/random.ts";

/**
 * A well mixed number of 32 bits for a row of names and numbers (FNV-1a with a final avalanche). All chance of a simulation
 * is drawn like this, by what it is for and not one after the other: leaving an operation out shifts nothing else.
 */
export function chance(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    const text = typeof part === "string" ? part : `${part}`;
    for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash = Math.imul(hash ^ 0x2f, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The randomness of one client or executor. */
export class SeededRandom implements Random {
  readonly #seed: number;
  readonly #owner: string;
  #drawn = 0;

  constructor(seed: number, owner: string) {
    this.#seed = seed;
    this.#owner = owner;
  }

  uuid(): string {
    this.#drawn += 1;
    const hex = [0, 1, 2, 3].map((word) =>
      chance(this.#seed, this.#owner, this.#drawn, word).toString(16).padStart(8, "0"),
    );
    const text = hex.join("");
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-a${text.slice(17, 20)}-${text.slice(20)}`;
  }
}
