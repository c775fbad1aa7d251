import type { OutputStream } from "../protocol/process.ts";
import { LARGEST_SENT_BYTES } from "../transports/message-limits.ts";
import type { ChunkStore, StoredChunk } from "./chunk-store.ts";

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
  /** Payload kept in memory, in bytes; whole chunks. More than what can be on its way to a client when the connection is cut. */
  readonly memoryBytes: number;
  /** Chunks kept, whatever their size: tiny ones must not cost a hundred times their payload (02 S-8). */
  readonly retainedChunks: number;
  /**
   * What happens when memory and disk are full and the client has not seen what would have to go: `block` holds the child
   * back, so that nothing is lost; `newest` lets the oldest go, as the reference does.
   */
  readonly whenFull: "block" | "newest";
  /** The most payload of one answer, less where it is so many chunks that their JSON would not fit one message (03 D-2). */
  readonly answerBytes: number;
}

export const defaultOutputLogLimits: OutputLogLimits = {
  memoryBytes: 16 * 1024 * 1024,
  retainedChunks: 131_072,
  whenFull: "block",
  answerBytes: 44 * 1024 * 1024,
};

interface Entry {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly length: number;
  /** `null`: on disk only. */
  bytes: Uint8Array | null;
  /** `null`: in memory only. */
  stored: StoredChunk | null;
}

/** What a log begins with that goes on where another one ended. */
export interface EarlierOutput {
  /** By ascending number; their bytes are in the store. */
  readonly chunks: readonly {
    readonly seq: number;
    readonly stream: OutputStream;
    readonly length: number;
    readonly stored: StoredChunk;
  }[];
  readonly nextSeq: number;
}

/** What `{"seq":…,"stream":"…","chunk":"…"},` takes around the base64 of a chunk, at most. */
const chunkEnvelopeBytes = 64;

/** How large an answer becomes, chunk by chunk. */
class AnswerSize {
  payloadBytes = 0;
  #messageBytes = 64 * 1024; // for everything else in it

  add(chunkBytes: number): void {
    this.payloadBytes += chunkBytes;
    this.#messageBytes += Math.ceil(chunkBytes / 3) * 4 + chunkEnvelopeBytes;
  }

  exceeds(payloadBytes: number): boolean {
    return this.payloadBytes > payloadBytes || this.#messageBytes > LARGEST_SENT_BYTES;
  }
}

/** A client was seen to ask again for what it had asked for already (03 D-2): so many numbers stay. */
const slack = 64;

/** Stands in for an evicted chunk until its place is cut off, so that its payload is free at once. */
const evicted: Entry = { seq: 0, stream: "stdout", length: 0, bytes: new Uint8Array(), stored: null };

/**
 * Gives memory back at once instead of at the next garbage collection, which lets more than 64 MiB gather first: V8 does not
 * see it fill up. A buffer that is part of a larger one is left alone.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/**
 * The numbered record of what a process printed. Output, exit and close share one counter, 1, 2, 3, without holes (02
 * P-23); reading does not consume. Append is O(1), finding a place O(log n).
 *
 * While a client listens the newest chunks are kept in memory and older ones go. From a detach on nothing goes that the
 * client may have missed, until it has read everything again: what does not fit memory is put on disk (03 D-2).
 */
export class OutputLog {
  readonly #limits: OutputLogLimits;
  readonly #store: ChunkStore | null;
  /** Chunks by ascending `seq`, those on disk first; those before `#first` are evicted and cut off in batches. */
  #entries: Entry[] = [];
  #first = 0;
  /** Index of the first chunk in memory. */
  #firstInMemory = 0;
  #memoryBytes = 0;
  #keptBytes = 0;
  #appendedBytes = 0;
  #nextSeq = 1;
  /** Chunks with a greater number may be missing on the other side; `null`: none is. */
  #keepAfterSeq: number | null = null;
  #isFull = false;

  constructor(limits: OutputLogLimits = defaultOutputLogLimits, store: ChunkStore | null = null) {
    this.#limits = limits;
    this.#store = store;
  }

  /** A log that goes on where another one ended; its client may have missed all of that. */
  static continued(limits: OutputLogLimits, store: ChunkStore, { chunks, nextSeq }: EarlierOutput): OutputLog {
    const log = new OutputLog(limits, store);
    log.#entries = chunks.map((chunk) => ({ ...chunk, bytes: null }));
    log.#firstInMemory = chunks.length;
    log.#keptBytes = chunks.reduce((sum, { length }) => sum + length, 0);
    log.#nextSeq = nextSeq;
    log.#keepAfterSeq = 0;
    return log;
  }

  /** The number that the next event will get. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Payload bytes kept now, in memory and on disk. */
  get retainedBytes(): number {
    return this.#keptBytes;
  }

  /** Payload bytes that were ever appended here. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** No more should be appended: it would have to stay in memory, beyond the bound. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The client is gone: what is kept, and what comes, it may have missed. */
  keepAll(): void {
    if (this.#keepAfterSeq !== null) return;
    this.#makeRoom(); // what was read to the end before goes first, or every outage would add to it
    this.#keepAfterSeq = (this.#entries[this.#first]?.seq ?? this.#nextSeq) - 1;
  }

  /**
   * Records a chunk, which belongs to the log from now on, and gives its number. The newest chunk stays even when it alone
   * exceeds the budget.
   */
  append(stream: OutputStream, bytes: Uint8Array): number {
    const seq = this.#nextSeq++;
    const stored = this.#store?.record(seq, stream, bytes) ?? null;
    this.#entries.push({ seq, stream, length: bytes.length, bytes, stored });
    this.#memoryBytes += bytes.length;
    this.#keptBytes += bytes.length;
    this.#appendedBytes += bytes.length;
    this.#makeRoom();
    return seq;
  }

  /** Takes a number for an event that is no output: the exit, the close. */
  takeSeq(): number {
    return this.#nextSeq++;
  }

  /** Is a chunk kept whose number is greater than `seq`? */
  hasAfter(seq: number): boolean {
    return (this.#entries.at(-1)?.seq ?? 0) > seq;
  }

  /**
   * Selects chunks after `afterSeq`; the first comes whole whatever `maxBytes` says (02 P-34, P-35). An unbounded read that
   * would not fit one message gives the newest part, as if the rest were evicted. The bytes are there until the next call.
   */
  read(afterSeq: number, maxBytes: number | null): LogPage {
    this.#wasRead(afterSeq);
    const page = this.peek(afterSeq, maxBytes);
    if (!this.hasAfter(page.nextSeq - 1)) this.#wasReadToEnd();
    return page;
  }

  /** As `read`, by somebody else than the client for whom the record is kept: what it may have missed stays. */
  peek(afterSeq: number, maxBytes: number | null): LogPage {
    const start = this.#indexAfter(afterSeq);
    const [from, to] =
      maxBytes === null ? [this.#newestFrom(start), this.#entries.length] : [start, this.#endOf(start, maxBytes)];
    const chunks = this.#entries.slice(from, to).map((entry) => this.#load(entry));
    const nextSeq = maxBytes === null ? this.#nextSeq : (chunks.at(-1)?.seq ?? this.#nextSeq - 1) + 1;
    return { chunks, nextSeq };
  }

  /** Lets go of everything, on disk too. */
  close(): void {
    this.#keepAfterSeq = null; // what is still to come, if anything, is nobody's
    while (this.#first < this.#entries.length) this.#evictOldest();
    this.#store?.close();
  }

  /** Whoever asks for what comes after a number has what comes before. */
  #wasRead(seq: number): void {
    if (this.#keepAfterSeq === null) return;
    if (seq >= this.#nextSeq - 1) return this.#wasReadToEnd();
    this.#keepAfterSeq = Math.max(this.#keepAfterSeq, seq - slack);
    this.#makeRoom();
  }

  /** The next append makes room: until then what was read stays as it is. */
  #wasReadToEnd(): void {
    this.#keepAfterSeq = null;
    this.#isFull = false;
  }

  #makeRoom(): void {
    this.#isFull = false;
    while (this.#exceeds()) {
      const oldest = this.#entries[this.#first];
      if (oldest === undefined) break;
      const isSafe = this.#keepAfterSeq === null || oldest.seq <= this.#keepAfterSeq;
      if (!isSafe && this.#memoryExceeds() && this.#spillOldest()) continue;
      if (!isSafe && this.#limits.whenFull === "block") {
        this.#isFull = true;
        break;
      }
      this.#evictOldest();
    }
    // Cutting in batches keeps eviction O(1) on average.
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#firstInMemory -= this.#first;
      this.#first = 0;
    }
  }

  /** Is there more than may stay, besides the newest chunk? */
  #exceeds(): boolean {
    if (this.#first >= this.#entries.length - 1) return false;
    return this.#memoryExceeds() || this.#entries.length - this.#first > this.#limits.retainedChunks;
  }

  #memoryExceeds(): boolean {
    return this.#memoryBytes > this.#limits.memoryBytes && this.#firstInMemory < this.#entries.length - 1;
  }

  #spillOldest(): boolean {
    const entry = this.#entries[this.#firstInMemory];
    if (entry === undefined || entry.bytes === null) return false;
    const stored = this.#store?.put(entry.bytes, entry.stored) ?? null;
    if (stored === null) return false;
    free(entry.bytes);
    entry.bytes = null;
    entry.stored = stored;
    this.#memoryBytes -= entry.length;
    this.#firstInMemory += 1;
    return true;
  }

  #evictOldest(): void {
    const oldest = this.#entries[this.#first];
    if (oldest === undefined) return;
    this.#keptBytes -= oldest.length;
    if (oldest.bytes !== null) {
      this.#memoryBytes -= oldest.length;
      free(oldest.bytes);
    }
    if (oldest.stored !== null) this.#store?.drop(oldest.stored);
    this.#entries[this.#first] = evicted;
    this.#first += 1;
    this.#firstInMemory = Math.max(this.#firstInMemory, this.#first);
  }

  #load({ seq, stream, length, bytes, stored }: Entry): LoggedChunk {
    if (bytes !== null) return { seq, stream, bytes };
    if (stored === null || this.#store === null) throw new Error(`chunk ${seq} is neither in memory nor on disk`);
    return { seq, stream, bytes: this.#store.get(stored, length) };
  }

  /** The first index from which everything to the end fits one answer. */
  #newestFrom(start: number): number {
    let from = this.#entries.length;
    for (const size = new AnswerSize(); from > start; from -= 1) {
      size.add(this.#entries[from - 1]?.length ?? 0);
      if (size.exceeds(this.#limits.answerBytes)) break;
    }
    return from;
  }

  #endOf(start: number, maxBytes: number): number {
    const bound = Math.min(maxBytes, this.#limits.answerBytes);
    let end = start;
    for (const size = new AnswerSize(); end < this.#entries.length; end += 1) {
      size.add(this.#entries[end]?.length ?? 0);
      if (end > start && size.exceeds(bound)) break;
      if (size.payloadBytes >= bound) return end + 1;
    }
    return end;
  }

  /** Index of the first kept chunk with a number greater than `seq`. */
  #indexAfter(seq: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.seq ?? Number.POSITIVE_INFINITY) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
