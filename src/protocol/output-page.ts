import { base64Length, encodeBase64 } from "./base64.ts";
import { EncodedAnswer, headRoom, withHead } from "./encoded-answer.ts";
import { encodeResultHead, type RequestId } from "./envelope.ts";
import type { WireResult } from "./methods.ts";
import type { OutputStream } from "./process.ts";

/** One chunk of a page. */
export interface PageChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What a page says of its process. */
export type PageState = Omit<WireResult<"process/read">, "chunks">;

/** More than stands around the base64 of one chunk, whatever its number and stream. */
const frameBytes = 64;

/**
 * The answer to `process/read`. It becomes bytes at once, by hand and outside of V8's heap: after an outage hundreds of
 * megabytes leave in such answers, and as strings, quoted and joined, each would be garbage three times over (03 D-2). A
 * property test holds it equal to the schema's own encoding.
 */
export class OutputPage extends EncodedAnswer {
  /** All but the chunks. */
  readonly state: PageState;
  readonly #buffer: Buffer;
  readonly #length: number;

  /** Takes a copy: the chunks may be gone when the answer leaves. */
  constructor(chunks: readonly PageChunk[], state: PageState) {
    super();
    const tail = Buffer.from(`],${JSON.stringify(state).slice(1)}}`);
    const bodyBytes = chunks.reduce((length, { bytes }) => length + frameBytes + base64Length(bytes.length), 0);
    const pieces = new Pieces(headRoom + bodyBytes + tail.length, headRoom);
    for (const [n, { seq, stream, bytes }] of chunks.entries()) {
      pieces.add(`${n > 0 ? "," : ""}{"seq":${seq},"stream":"${stream}","chunk":"`);
      pieces.add(encodeBase64(bytes));
      pieces.add('"}');
    }
    this.#length = pieces.length + tail.copy(pieces.bytes, pieces.length);
    this.#buffer = pieces.bytes;
    this.state = state;
  }

  encode(id: RequestId): Uint8Array {
    return withHead(`${encodeResultHead(id)}{"chunks":[`, this.#buffer, this.#length);
  }
}

/** ASCII texts, put one behind the other. */
class Pieces {
  readonly bytes: Buffer;
  length: number;

  constructor(maxLength: number, start: number) {
    this.bytes = Buffer.allocUnsafe(maxLength);
    this.length = start;
  }

  add(text: string): void {
    this.length += this.bytes.write(text, this.length, "latin1");
  }
}
