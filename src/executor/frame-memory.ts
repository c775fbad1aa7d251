import type { Clock } from "../ports/clock.ts";
import type { MessageMemory } from "../protocol/encoded-answer.ts";

/** Memory that nobody used for so long, or for twice as long at most, is given back to the system. */
const keptMs = 5_000;

/** No more is kept for later than the largest message takes. */
const keptBytes = 64 * 1024 * 1024;

/** Sizes are rounded up to this, so that answers of about the same size use the same memory. */
const granuleBytes = 64 * 1024;

/**
 * Memory for large messages, used again and again. Fresh memory is what a large answer costs most: the kernel clears and maps
 * it page by page, which took longer than to read the file and to encode it together (docs/performance.md).
 *
 * Who takes and does not give back loses nothing but the time: it is garbage then, as any other.
 */
export class FrameMemory implements MessageMemory, Disposable {
  readonly #clock: Clock;
  /** Given back, with the round in which that was; by ascending size. */
  readonly #free: { readonly buffer: Buffer; readonly round: number }[] = [];
  #freeBytes = 0;
  #round = 0;
  #timer: unknown = null;
  #disposed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes that are kept for later. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    const size = Math.max(1, Math.ceil(bytes / granuleBytes)) * granuleBytes;
    const at = this.#free.findIndex(({ buffer }) => buffer.length >= size);
    const kept = this.#free[at];
    // What is much too large stays for whoever needs it.
    if (kept === undefined || kept.buffer.length > 2 * size) return Buffer.allocUnsafeSlow(size);
    this.#free.splice(at, 1);
    this.#freeBytes -= kept.buffer.length;
    return kept.buffer;
  }

  /** Nobody reads or writes what `take` gave any more. */
  give(buffer: Buffer): void {
    if (this.#disposed || this.#freeBytes + buffer.length > keptBytes) return;
    const at = this.#free.findIndex((other) => other.buffer.length >= buffer.length);
    this.#free.splice(at < 0 ? this.#free.length : at, 0, { buffer, round: this.#round });
    this.#freeBytes += buffer.length;
    this.#timer ??= this.#clock.setTimeout(this.#sweep, keptMs);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#free.length = 0;
    this.#freeBytes = 0;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
  }

  readonly #sweep = (): void => {
    for (const kept of this.#free.splice(0)) {
      if (kept.round === this.#round) this.#free.push(kept);
      else this.#freeBytes -= kept.buffer.length;
    }
    this.#round += 1;
    this.#timer = this.#free.length === 0 ? null : this.#clock.setTimeout(this.#sweep, keptMs);
  };
}
