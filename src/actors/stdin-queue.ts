/** Bounds of the bytes that wait for a child to read them (02 P-49). */
export const stdinQueueLimits = {
  /** Writes that wait, besides the one in progress. */
  writes: 128,
  /**
   * Bytes that wait; a single larger write is taken when nothing else waits. A long one can take a third more of memory: it lies in
   * that of its message, which held it as base64.
   */
  bytes: 16 * 1024 * 1024,
  /** Writes, and their bytes, that wait for a place; one more is refused. */
  waiting: 256,
  waitingBytes: 32 * 1024 * 1024,
} as const;

/**
 * What the child's side is handed ahead of what it has taken, so that a child that reads is not left waiting for us between two
 * writes. All but the oldest of them still counts as waiting.
 */
const handedAhead = { writes: 8, bytes: 256 * 1024 } as const;

/** How an offer ended: the bytes are queued, too much waits already, or nobody will ever read them. */
export type StdinOffer = "queued" | "full" | "closed" | "broken";

interface Waiting {
  readonly bytes: Uint8Array;
  readonly commit: () => boolean;
  readonly settle: (offer: StdinOffer) => void;
}

/**
 * The bytes on their way to one child's stdin, in the order in which they were accepted. When the queue is full an offer
 * waits; nothing else does. Once nobody reads any more nothing is taken, and what was queued is counted as lost (03 D-11).
 */
export class StdinQueue {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;
  /** The lengths of the writes in progress, oldest first. */
  #writing: number[] = [];
  #writingBytes = 0;
  #waiting: Waiting[] = [];
  #fate: "open" | "closed" | "broken" = "open";
  #lostBytes = 0;
  /** Called when everything that is queued has been written. */
  #whenWritten: (() => void) | null = null;

  /** @param write hands bytes to the child and resolves when the OS took them; a rejection means stdin is gone. */
  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /**
   * Queues bytes, at once or when there is room. `commit` runs in the same turn in which they are queued, with no point in
   * between at which a drop could separate the two (02 P-47); when it answers false the bytes are not queued after all. An
   * aborted wait leaves neither effect.
   */
  offer(bytes: Uint8Array, commit: () => boolean, signal: AbortSignal): Promise<StdinOffer> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#fate !== "open" || (this.#waiting.length === 0 && this.#fits())) {
      return Promise.resolve(this.#take(bytes, commit));
    }
    const waitingBytes = this.#waiting.reduce((sum, other) => sum + other.bytes.length, bytes.length);
    if (this.#waiting.length >= stdinQueueLimits.waiting || waitingBytes > stdinQueueLimits.waitingBytes) {
      return Promise.resolve("full");
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        bytes,
        commit,
        settle: (offer) => {
          signal.removeEventListener("abort", abort);
          resolve(offer);
        },
      };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** No more comes: `then` runs when everything that is queued has been handed to the child. */
  finish(then: () => void): void {
    this.#whenWritten = then;
    if (this.#writing.length === 0) then();
  }

  /** Bytes that were queued, and that the child never got, or not all of them. */
  get lostBytes(): number {
    return this.#lostBytes;
  }

  /** Stdin is gone, by a natural end or by a terminate: what waits and what comes is told so. */
  end(fate: "closed" | "broken"): void {
    if (this.#fate === "broken") return;
    this.#fate = fate;
    this.#lostBytes += this.#queuedBytes + this.#writingBytes;
    this.#writing.fill(0);
    this.#writingBytes = 0;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#admit();
  }

  #fits(): boolean {
    const waiting = this.#queued.length + Math.max(0, this.#writing.length - 1);
    const waitingBytes = this.#queuedBytes + this.#writingBytes - (this.#writing[0] ?? 0);
    return waiting < stdinQueueLimits.writes && waitingBytes < stdinQueueLimits.bytes;
  }

  #take(bytes: Uint8Array, commit: () => boolean): StdinOffer {
    if (this.#fate !== "open") return this.#fate;
    if (!commit() || bytes.length === 0) return "queued";
    this.#queued.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
    return "queued";
  }

  #pump(): void {
    while (this.#writing.length < handedAhead.writes && this.#writingBytes < handedAhead.bytes) {
      const bytes = this.#queued.shift();
      if (bytes === undefined) return;
      this.#queuedBytes -= bytes.length;
      this.#writing.push(bytes.length);
      this.#writingBytes += bytes.length;
      // A failure: the child closed its end, and nothing that follows can arrive (03 D-11).
      this.#write(bytes).then(
        () => this.#written(),
        () => {
          this.end("closed");
          this.#written();
        },
      );
    }
  }

  /** The oldest write in progress is over: they end in their order. */
  #written(): void {
    this.#writingBytes -= this.#writing.shift() ?? 0;
    this.#pump();
    this.#admit();
    if (this.#writing.length === 0) this.#whenWritten?.();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && (this.#fate !== "open" || this.#fits())) {
      const next = this.#waiting.shift();
      next?.settle(this.#take(next.bytes, next.commit));
    }
  }
}
