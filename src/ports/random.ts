import { randomUUID } from "node:crypto";

/** Chance, as everything in Proctor sees it. Simulations replace it with a seeded generator. */
export interface Random {
  /** An unguessable UUID v4, lower case and hyphenated (03 SS-1). */
  uuid(): string;
}

/** The operating system's own randomness. */
export const systemRandom: Random = { uuid: () => randomUUID() };
