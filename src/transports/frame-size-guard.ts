/**
 * Watches the size of websocket frames in the raw bytes of a connection (01 W-12): the websocket library bounds whole
 * messages only. It reads the length of every frame header and skips the rest, so its memory is one header and its work
 * one step a frame. All other rules of framing are the library's.
 */
export class FrameSizeGuard {
  readonly #limitBytes: number;
  /** How many bytes of a frame header have passed; it has 2, up to 8 of length, up to 4 of mask. */
  #headerBytes = 0;
  /** Where the length ends in this header, and where the header ends. */
  #lengthEnd = 2;
  #headerEnd = 2;
  #length = 0;
  #payloadLeft = 0;
  #oversize: number | null = null;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The announced length of the first frame beyond the limit, or `null` as long as there was none. */
  get oversizeBytes(): number | null {
    return this.#oversize;
  }

  /** Takes the next bytes of the stream, split anywhere; false from the first frame beyond the limit on. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length && this.#oversize === null) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= skipped;
        at += skipped;
      } else this.#takeHeader(chunk[at++] ?? 0);
    }
    return this.#oversize === null;
  }

  #takeHeader(byte: number): void {
    this.#headerBytes += 1;
    if (this.#headerBytes === 1) return; // flags and opcode
    if (this.#headerBytes === 2) this.#announce(byte);
    else if (this.#headerBytes <= this.#lengthEnd) this.#length = this.#length * 256 + byte;
    if (this.#headerBytes === this.#headerEnd) this.#begin();
  }

  /** The second byte says how long the rest of the header is. */
  #announce(byte: number): void {
    const short = byte & 0x7f;
    const lengthBytes = short === LENGTH_64 ? 8 : short === LENGTH_16 ? 2 : 0;
    this.#length = lengthBytes === 0 ? short : 0;
    this.#lengthEnd = 2 + lengthBytes;
    this.#headerEnd = this.#lengthEnd + (byte & 0x80 ? 4 : 0);
  }

  #begin(): void {
    this.#headerBytes = 0;
    this.#payloadLeft = this.#length;
    if (this.#payloadLeft > this.#limitBytes) this.#oversize = this.#payloadLeft;
  }
}

const LENGTH_16 = 126;
const LENGTH_64 = 127;
