import type { Clock } from "../../ports/clock.ts";
import type { ChildListener } from "../../ports/process-host.ts";
import type { OutputStream } from "../../protocol/process.ts";
import { type ChunkTaker, copyOf } from "./child-output.ts";

/** A read of a terminal gives no more than this, however much the child prints: then more is on its way. */
export const fullReadBytes = 4095;
/** For so long what is gathered waits for more. */
const gatherMs = 1;
/** The largest chunk. */
const chunkBytes = 64 * 1024;

/**
 * Puts the output of a flooding terminal together: the kernel passes it on in reads of 4 KiB, and a frame for each of them cost
 * more than everything else. A read that is not full, as that of any line, is never held back.
 */
export class GatheredChunks implements ChunkTaker {
  readonly #stream: OutputStream;
  readonly #listener: ChildListener;
  readonly #clock: Clock;
  /** Lent from the first full read until the next flush. */
  #gathered: Buffer | null = null;
  #length = 0;
  #timer: unknown = null;

  constructor(stream: OutputStream, listener: ChildListener, clock: Clock) {
    this.#stream = stream;
    this.#listener = listener;
    this.#clock = clock;
  }

  take(bytes: Uint8Array): void {
    if (this.#length + bytes.length > chunkBytes) this.flush();
    if (this.#length === 0 && (bytes.length < fullReadBytes || bytes.length >= chunkBytes)) {
      this.#listener.output(this.#stream, copyOf(bytes));
      return;
    }
    this.#gathered ??= Buffer.allocUnsafeSlow(chunkBytes);
    this.#gathered.set(bytes, this.#length);
    this.#length += bytes.length;
    if (bytes.length < fullReadBytes) this.flush();
    else this.#timer ??= this.#clock.setTimeout(() => this.flush(), gatherMs);
  }

  flush(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#gathered === null) return;
    const chunk = copyOf(this.#gathered.subarray(0, this.#length));
    this.#gathered = null;
    this.#length = 0;
    this.#listener.output(this.#stream, chunk);
  }
}
