import type { Clock } from "../../ports/clock.ts";

/** Bytes that may wait for the reader; above it the source is paused (06 H-46a). */
export const bodyQueueBytes = 256 * 1024;

/** A source that can be held back. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader has enough. */
  abandon(): void;
}

/** Small pieces are put together until they are as long as this, or the first of them has waited so long (06 H-46a). */
export const gathering = { bytes: 16 * 1024, ms: 2 } as const;

/** How small pieces are put together. */
export interface Gathering {
  readonly clock: Clock;
  /** Lets come in what the source has sent already. */
  turn(): Promise<void>;
}

/** What a source has pushed, for one reader at its own speed. What came before a failure is read before it is thrown. */
export class BodyQueue implements AsyncIterableIterator<Uint8Array> {
  readonly #source: BodySource;
  readonly #gathering: Gathering | undefined;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | null = null;
  #news = Promise.withResolvers<void>();

  /** @param gathering puts small pieces together, if given; a source that pauses is not waited for */
  constructor(source: BodySource, gathering?: Gathering) {
    this.#source = source;
    this.#gathering = gathering;
  }

  push(piece: Uint8Array): void {
    if (this.#end !== null) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > bodyQueueBytes) this.#source.pause();
    this.#news.resolve();
  }

  /** Nothing more comes. @param error why, unless that was all */
  finish(error: unknown = null): void {
    this.#end ??= { error };
    this.#news.resolve();
  }

  /** Ends the reading at once, whatever is left. */
  abort(error: unknown): void {
    this.#pieces = [];
    this.#end = { error };
    this.#news.resolve();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#pieces.length === 0) {
      if (this.#end === null) {
        this.#news = Promise.withResolvers<void>();
        await this.#news.promise;
        await this.#gather();
      } else if (this.#end.error === null) return { done: true, value: undefined };
      else throw this.#end.error;
    }
    // All that has come, as one piece: a fast origin costs no more frames than the peer can take.
    const value =
      this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#source.resume();
    return { done: false, value };
  }

  /** A frame for each byte would be more than some clients take; one that nothing follows is not held back. */
  async #gather(): Promise<void> {
    if (this.#gathering === undefined) return;
    const { clock, turn } = this.#gathering;
    const until = clock.now() + gathering.ms;
    for (let before = 0; this.#bytes > before && this.#bytes < gathering.bytes && this.#end === null; ) {
      if (clock.now() >= until) return;
      before = this.#bytes;
      await turn();
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#end === null) this.#source.abandon();
    this.abort(null);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
