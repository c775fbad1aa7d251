import { encodeBase64 } from "../protocol/base64.ts";
import type { OutputRecord } from "./records.ts";
import type { WatchedActor } from "./watched-actor.ts";

/** Follows the output of one process, as far as it is kept, without any effect on it. */
export class OutputTap {
  readonly #actor: WatchedActor;
  #afterSeq: number;
  #taken = 0;
  readonly #mostBytes: number;

  /**
   * @param afterSeq the number of the last event that is known already
   * @param mostBytes how much of it is told at all, from the first on
   */
  constructor(actor: WatchedActor, { afterSeq = 0, mostBytes = Number.POSITIVE_INFINITY } = {}) {
    this.#actor = actor;
    this.#afterSeq = afterSeq;
    this.#mostBytes = mostBytes;
  }

  /** Has everything been told that will ever be told? */
  get isSated(): boolean {
    return this.#taken >= this.#mostBytes;
  }

  /** Does nobody hold the process any more? */
  get isOver(): boolean {
    return this.#actor.isEnding;
  }

  /** What has been printed since, at most about so many bytes at once; the rest next time. */
  take(t: number, maxBytes: number): readonly OutputRecord[] {
    const { entity, number } = this.#actor;
    if (entity.keptOutput === undefined || this.isSated) return [];
    const pieces = entity.keptOutput(this.#afterSeq, Math.min(maxBytes, this.#mostBytes - this.#taken));
    return pieces.map(({ seq, stream, bytes }) => {
      this.#afterSeq = seq;
      this.#taken += bytes.length;
      return { kind: "output", t, actor: number, stream, base64: encodeBase64(bytes), seq };
    });
  }
}
