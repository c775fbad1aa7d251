import type { OutputStream } from "../protocol/process.ts";

/** One retained chunk. */
export interface LoggedChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What a read selects (02 P-34, P-35). */
export interface LogPage {
  readonly chunks: readonly LoggedChunk[];
  readonly nextSeq: number;
}

/** Bounds of one log. */
export interface OutputLogLimits {
  /** Payload kept, in bytes; whole chunks, oldest out first (02 P-31). */
  readonly retainedBytes: number;
  /** Chunks kept, whatever their size: tiny ones must not cost a hundred times their payload (02 S-8). */
  readonly retainedChunks: number;
}

export const defaultOutputLogLimits: OutputLogLimits = { retainedBytes: 1024 * 1024, retainedChunks: 16_384 };

/** Stands in for an evicted chunk until its place is cut off, so that its payload is free at once. */
const evicted: LoggedChunk = { seq: 0, stream: "stdout", bytes: new Uint8Array() };

/**
 * The numbered record of what a process printed. Output, exit and close share one counter, 1, 2, 3, without holes (02
 * P-23); reading does not consume. Append is O(1), finding a place O(log n).
 */
export class OutputLog {
  readonly #limits: OutputLogLimits;
  /** Chunks by ascending `seq`; those before `#first` are evicted and cut off in batches. */
  #chunks: LoggedChunk[] = [];
  #first = 0;
  #bytes = 0;
  #nextSeq = 1;

  constructor(limits: OutputLogLimits = defaultOutputLogLimits) {
    this.#limits = limits;
  }

  /** The number that the next event will get. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Payload bytes kept now. */
  get retainedBytes(): number {
    return this.#bytes;
  }

  /** Records a chunk and gives its number. The newest chunk stays even when it alone exceeds the budget. */
  append(stream: OutputStream, bytes: Uint8Array): number {
    const seq = this.#nextSeq++;
    this.#chunks.push({ seq, stream, bytes });
    this.#bytes += bytes.length;
    this.#evict();
    return seq;
  }

  /** Takes a number for an event that is no output: the exit, the close. */
  takeSeq(): number {
    return this.#nextSeq++;
  }

  /** Is a chunk kept whose number is greater than `seq`? */
  hasAfter(seq: number): boolean {
    return (this.#chunks.at(-1)?.seq ?? 0) > seq;
  }

  /** Selects chunks after `afterSeq`; the first comes whole whatever `maxBytes` says (02 P-34, P-35). */
  read(afterSeq: number, maxBytes: number | null): LogPage {
    const start = this.#indexAfter(afterSeq);
    if (maxBytes === null) return { chunks: this.#chunks.slice(start), nextSeq: this.#nextSeq };
    let end = start;
    let total = 0;
    for (const chunk of this.#tail(start)) {
      if (end > start && total + chunk.bytes.length > maxBytes) break;
      total += chunk.bytes.length;
      end += 1;
      if (total >= maxBytes) break;
    }
    const chunks = this.#chunks.slice(start, end);
    return { chunks, nextSeq: (chunks.at(-1)?.seq ?? this.#nextSeq - 1) + 1 };
  }

  *#tail(start: number): Iterable<LoggedChunk> {
    for (let index = start; index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index];
      if (chunk !== undefined) yield chunk;
    }
  }

  #evict(): void {
    while (
      this.#first < this.#chunks.length - 1 &&
      (this.#bytes > this.#limits.retainedBytes || this.#chunks.length - this.#first > this.#limits.retainedChunks)
    ) {
      this.#bytes -= this.#chunks[this.#first]?.bytes.length ?? 0;
      this.#chunks[this.#first] = evicted;
      this.#first += 1;
    }
    // Cutting in batches keeps eviction O(1) on average.
    if (this.#first > 64 && this.#first * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Index of the first kept chunk with a number greater than `seq`. */
  #indexAfter(seq: number): number {
    let low = this.#first;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.seq ?? Number.POSITIVE_INFINITY) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
