/**
 * How an executor and its file helper talk, over one pipe each way: frames of a length, a kind, the number of the call, and a body.
 * Content travels as it is, in bodies of its own.
 */
export const frameKinds = {
  /** To the helper: JSON behind its length, then the bytes that belong to it. */
  call: 1,
  /** The helper is there. */
  ready: 2,
  /** So many bytes of content are to be expected; JSON. */
  expect: 3,
  /** The next piece of content. */
  piece: 4,
  /** The result; JSON. */
  done: 5,
  /** Why there is none; JSON. */
  failed: 6,
} as const;

/** The length of the body (4 bytes), the kind (1), the call (4), all little-endian. */
const headBytes = 9;

/** The head of a frame whose body follows. */
export function frameHead(kind: number, call: number, bodyBytes: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32LE(bodyBytes, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt32LE(call, 5);
  return head;
}

/** A whole frame with JSON for its body. */
export function jsonFrame(kind: number, call: number, value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  return Buffer.concat([frameHead(kind, call, body.length), body]);
}

/** The first part of a call; `contentBytes` of content follow. */
export function callFrame(call: number, value: unknown, contentBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const jsonLength = Buffer.allocUnsafe(4);
  jsonLength.writeUInt32LE(json.length);
  const head = frameHead(frameKinds.call, call, jsonLength.length + json.length + contentBytes);
  return Buffer.concat([head, jsonLength, json]);
}

/** The parts of the body of a call. */
export function callParts(body: Buffer): { readonly value: unknown; readonly content: Buffer } {
  const end = 4 + body.readUInt32LE(0);
  return { value: JSON.parse(body.toString("utf8", 4, end)), content: body.subarray(end) };
}

/** What becomes of the frames that come. */
export interface FrameTaker {
  /** A whole frame. */
  frame(kind: number, call: number, body: Buffer): void;
  /** Bytes of a piece of content, as they come: they stay as they are until this returns. */
  piece(call: number, bytes: Uint8Array): void;
}

/** The other side broke the rules: nothing that comes after can be understood. */
export class FrameError extends Error {}

/** Takes a stream of bytes apart. Content passes through; the memory it needs is one other body, of a bounded length. */
export class FrameReader {
  readonly #taker: FrameTaker;
  readonly #longestBody: number;
  readonly #head = Buffer.allocUnsafe(headBytes);
  #headFilled = 0;
  /** What is missing of the body; `null`: the head is not complete. */
  #missing: number | null = null;
  #body: Buffer | null = null;

  constructor(longestBody: number, taker: FrameTaker) {
    this.#longestBody = longestBody;
    this.#taker = taker;
  }

  /** @throws FrameError for a body that is too long */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#missing === null) at += this.#takeHead(bytes, at);
      else at += this.#takeBody(bytes.subarray(at, at + this.#missing), this.#missing);
      if (this.#missing === 0) this.#finish();
    }
  }

  #takeHead(bytes: Uint8Array, at: number): number {
    const part = bytes.subarray(at, at + headBytes - this.#headFilled);
    this.#head.set(part, this.#headFilled);
    this.#headFilled += part.length;
    if (this.#headFilled < headBytes) return part.length;
    const length = this.#head.readUInt32LE(0);
    if (length > this.#longestBody) throw new FrameError(`a frame of ${length} bytes`);
    this.#missing = length;
    this.#body = this.#head[4] === frameKinds.piece ? null : Buffer.allocUnsafe(length);
    return part.length;
  }

  #takeBody(part: Uint8Array, missing: number): number {
    if (this.#body === null) this.#taker.piece(this.#head.readUInt32LE(5), part);
    else this.#body.set(part, this.#body.length - missing);
    this.#missing = missing - part.length;
    return part.length;
  }

  #finish(): void {
    const body = this.#body;
    this.#headFilled = 0;
    this.#missing = null;
    this.#body = null;
    if (body !== null) this.#taker.frame(this.#head.readUInt8(4), this.#head.readUInt32LE(5), body);
  }
}
