import { headBytes, Message, tailBytes } from "./message.ts";

/** Who hears what the scanner finds. */
export interface FrameSink {
  /** A text or binary message; valid only until it returns. */
  message(message: Message): void;
  /** A ping, close or other control frame. */
  control(opcode: number, payload: Buffer): void;
}

const firstControl = 8;

/**
 * Finds messages in a stream of websocket bytes by their headers alone: payloads are counted, never copied nor decoded,
 * except for the first and last bytes of those that are spread over several reads. Takes frames with and without a mask, so
 * long as the mask is zero.
 */
export class FrameScanner {
  readonly #sink: FrameSink;
  readonly #message = new Message();
  readonly #header = Buffer.alloc(14);
  #headerHave = 0;
  /** Of the present frame. */
  #opcode = 0;
  #isFinal = true;
  #left = 0;
  #inPayload = false;
  /** Of the present message, when it is in parts. */
  readonly #head = Buffer.alloc(headBytes);
  #headHave = 0;
  readonly #tail = Buffer.alloc(tailBytes);
  #length = 0;
  #isInParts = false;
  #control = Buffer.alloc(0);

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the next bytes and reports every message that they complete. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length || (this.#inPayload && this.#left === 0)) {
      if (!this.#inPayload) {
        at = this.#readHeader(chunk, at);
        if (!this.#inPayload) return;
      }
      const end = Math.min(chunk.length, at + this.#left);
      const isWhole = end - at === this.#left && this.#isFinal && !this.#isInParts;
      this.#left -= end - at;
      if (this.#opcode >= firstControl) this.#takeControl(chunk.subarray(at, end));
      else if (isWhole) this.#report(chunk, at, end);
      else this.#takePart(chunk, at, end);
      at = end;
      if (this.#left > 0) return;
      this.#inPayload = false;
    }
  }

  /** Returns where the payload begins; it is not there yet if the header is not complete. */
  #readHeader(chunk: Buffer, start: number): number {
    let at = start;
    for (;;) {
      const needed = this.#headerNeeded();
      if (this.#headerHave === needed) break;
      const byte = chunk[at];
      if (byte === undefined) return at;
      this.#header[this.#headerHave] = byte;
      this.#headerHave += 1;
      at += 1;
    }
    const header = this.#header;
    const short = (header[1] ?? 0) & 0x7f;
    this.#left = short < 126 ? short : short === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    this.#opcode = (header[0] ?? 0) & 0x0f;
    this.#isFinal = (header[0] ?? 0) >= 0x80;
    const isMasked = (header[1] ?? 0) >= 0x80;
    if (isMasked && header.readUInt32BE(this.#headerHave - 4) !== 0)
      throw new Error("a frame with a mask other than 0");
    this.#headerHave = 0;
    this.#inPayload = true;
    return at;
  }

  #headerNeeded(): number {
    if (this.#headerHave < 2) return 2;
    const second = this.#header[1] ?? 0;
    const short = second & 0x7f;
    return 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + (second >= 0x80 ? 4 : 0);
  }

  #report(chunk: Buffer, start: number, end: number): void {
    const message = this.#message;
    message.length = end - start;
    message.head = chunk;
    message.headStart = start;
    message.headLength = Math.min(end - start, headBytes);
    message.tail = chunk;
    message.tailEnd = end;
    this.#sink.message(message);
  }

  #takePart(chunk: Buffer, start: number, end: number): void {
    this.#isInParts = true;
    this.#headHave += chunk.copy(this.#head, this.#headHave, start, Math.min(end, start + headBytes - this.#headHave));
    const fresh = Math.min(end - start, tailBytes);
    this.#tail.copyWithin(0, fresh);
    chunk.copy(this.#tail, tailBytes - fresh, end - fresh, end);
    this.#length += end - start;
    if (this.#left > 0 || !this.#isFinal) return;
    const message = this.#message;
    message.length = this.#length;
    message.head = this.#head;
    message.headStart = 0;
    message.headLength = this.#headHave;
    message.tail = this.#tail;
    message.tailEnd = tailBytes;
    this.#length = 0;
    this.#headHave = 0;
    this.#isInParts = false;
    this.#sink.message(message);
  }

  #takeControl(part: Buffer): void {
    this.#control = Buffer.concat([this.#control, part]);
    if (this.#left > 0) return;
    const payload = this.#control;
    this.#control = Buffer.alloc(0);
    this.#sink.control(this.#opcode, payload);
  }
}
