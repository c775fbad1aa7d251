import { base64Length, encodeBase64 } from "./base64.ts";
import { EncodedAnswer } from "./encoded-answer.ts";
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
  readonly #chunks: Uint8Array;

  /** Takes a copy: the chunks may be gone when the answer leaves. */
  constructor(chunks: readonly PageChunk[], state: PageState) {
    super();
    const pieces = new Pieces(
      chunks.reduce((length, { bytes }) => length + frameBytes + base64Length(bytes.length), 0),
    );
    for (const [n, { seq, stream, bytes }] of chunks.entries()) {
      pieces.add(`${n > 0 ? "," : ""}{"seq":${seq},"stream":"${stream}","chunk":"`);
      pieces.add(encodeBase64(bytes));
      pieces.add('"}');
    }
    this.#chunks = pieces.whole;
    this.state = state;
  }

  /** The whole message. */
  encode(id: RequestId): Uint8Array {
    const [head, tail] = [`${encodeResultHead(id)}{"chunks":[`, `],${JSON.stringify(this.state).slice(1)}}`];
    return Buffer.concat([Buffer.from(head), this.#chunks, Buffer.from(tail)]);
  }
}

/** ASCII texts, put one behind the other. */
class Pieces {
  readonly #bytes: Buffer;
  #length = 0;

  constructor(maxLength: number) {
    this.#bytes = Buffer.allocUnsafe(maxLength);
  }

  add(text: string): void {
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  get whole(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
