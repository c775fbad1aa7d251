import { randomBytes } from "node:crypto";

/** RFC 6455 opcodes. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame, as far as its header goes, right or wrong. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Default true. */
  readonly fin?: boolean;
  /** Whether the payload is masked; a client must, a server must not. Default true. */
  readonly masked?: boolean;
  /** A reserved bit that no extension has given a meaning. Default false. */
  readonly rsv1?: boolean;
}

/** The bytes of a frame: header and payload apart, so that a large payload is not copied twice. */
export function encodeFrame(frame: Frame): readonly [header: Buffer, payload: Buffer] {
  const { opcode, payload, fin = true, masked = true, rsv1 = false } = frame;
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const maskBit = masked ? 0x80 : 0;
  const length = payload.length;
  const prefix = length < 126 ? Buffer.from([first, maskBit | length]) : Buffer.alloc(length < 0x10000 ? 4 : 10);
  if (length >= 126) {
    prefix[0] = first;
    prefix[1] = maskBit | (length < 0x10000 ? 126 : 127);
    if (length < 0x10000) prefix.writeUInt16BE(length, 2);
    else prefix.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return [prefix, payload];
  const key = randomBytes(4);
  return [Buffer.concat([prefix, key]), applyMask(payload, key)];
}

function applyMask(payload: Buffer, key: Buffer): Buffer {
  const masked = Buffer.allocUnsafe(payload.length);
  const [k0 = 0, k1 = 0, k2 = 0, k3 = 0] = key;
  const keys = [k0, k1, k2, k3];
  for (let i = 0; i < payload.length; i++) masked[i] = (payload[i] ?? 0) ^ (keys[i & 3] ?? 0);
  return masked;
}

/** A frame as a server sent it. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  readonly reservedBits: number;
  readonly payload: Buffer;
}

/** Cuts a byte stream into frames; holds what is not complete yet. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Adds bytes and returns the frames that became complete. */
  push(chunk: Buffer): ReceivedFrame[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: ReceivedFrame[] = [];
    for (let frame = this.#shift(); frame; frame = this.#shift()) frames.push(frame);
    return frames;
  }

  #shift(): ReceivedFrame | undefined {
    const head = this.#peek(14);
    const [first, second] = head;
    if (first === undefined || second === undefined) return undefined;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const headerLength = 2 + extended + (masked ? 4 : 0);
    if (head.length < headerLength) return undefined;
    const length = extended === 2 ? head.readUInt16BE(2) : extended === 8 ? Number(head.readBigUInt64BE(2)) : short;
    if (this.#length < headerLength + length) return undefined;
    const whole = this.#take(headerLength + length);
    return {
      opcode: first & 0x0f,
      fin: (first & 0x80) !== 0,
      masked,
      reservedBits: (first & 0x70) >> 4,
      payload: whole.subarray(headerLength),
    };
  }

  /** The first `count` bytes, or all there are, without consuming them. */
  #peek(count: number): Buffer {
    const [front] = this.#chunks;
    if (!front || front.length >= count || this.#chunks.length === 1)
      return (front ?? Buffer.alloc(0)).subarray(0, count);
    const parts: Buffer[] = [];
    let have = 0;
    for (const chunk of this.#chunks) {
      parts.push(chunk);
      have += chunk.length;
      if (have >= count) break;
    }
    return Buffer.concat(parts).subarray(0, count);
  }

  #take(count: number): Buffer {
    let index = 0;
    let have = 0;
    for (const chunk of this.#chunks) {
      have += chunk.length;
      index++;
      if (have >= count) break;
    }
    const parts = this.#chunks.splice(0, index);
    const bytes = parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
    if (bytes.length > count) this.#chunks.unshift(bytes.subarray(count));
    this.#length -= count;
    return bytes.subarray(0, count);
  }
}
