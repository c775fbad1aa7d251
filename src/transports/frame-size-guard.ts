/**
 * Watches the size of websocket frames in the raw bytes of a connection (01 W-12): the websocket library bounds whole
 * messages only. It reads the length of every frame header and skips the rest, so its memory is one header and its work
 * one step a frame. All other rules of framing are the library's.
 */
export class FrameSizeGuard {
  readonly #limitBytes: number;
  /** A frame header: 2 bytes, up to 8 of length, up to 4 of mask. */
  readonly #header = new Uint8Array(14);
  #headerBytes = 0;
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
      } else {
        this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (this.#headerBytes >= 2 && this.#headerBytes === headerLength(this.#header)) this.#begin();
      }
    }
    return this.#oversize === null;
  }

  #begin(): void {
    this.#headerBytes = 0;
    this.#payloadLeft = payloadLength(this.#header);
    if (this.#payloadLeft > this.#limitBytes) this.#oversize = this.#payloadLeft;
  }
}

const LENGTH_16 = 126;
const LENGTH_64 = 127;

function headerLength(header: Uint8Array): number {
  const second = header[1] ?? 0;
  const short = second & 0x7f;
  const maskBytes = second & 0x80 ? 4 : 0;
  if (short === LENGTH_64) return 2 + 8 + maskBytes;
  return short === LENGTH_16 ? 2 + 2 + maskBytes : 2 + maskBytes;
}

function payloadLength(header: Uint8Array): number {
  const short = (header[1] ?? 0) & 0x7f;
  const view = new DataView(header.buffer);
  if (short === LENGTH_16) return view.getUint16(2);
  if (short === LENGTH_64) return view.getUint32(2) * 2 ** 32 + view.getUint32(6);
  return short;
}
