import { base64Length, encodeBase64 } from "./base64.ts";
import { EncodedAnswer, headRoom, type MessageMemory, withHead } from "./encoded-answer.ts";
import { encodeResultHead, type RequestId } from "./envelope.ts";

/** Room behind the content for what stands there. */
const tailRoom = 64;

/** So much is encoded at once, in bytes, a multiple of 3: the text in between is small, short-lived, and stays in the processor's cache. */
const stepBytes = 12 * 1024;

/**
 * The answer to `fs/readFile` or `fs/readBlock`: the content becomes base64 piece by piece, right where it will be sent from.
 * As one string, quoted by `JSON.stringify` and encoded as UTF-8, 32 MiB took ten times as long. A property test holds it equal to
 * the schema's own encoding.
 */
export class ContentAnswer extends EncodedAnswer {
  readonly #field: "dataBase64" | "chunk";
  readonly #memory: MessageMemory;
  #buffer: Buffer;
  #length = headRoom;
  /** The last one or two bytes, which do not make a group yet. */
  #rest: Uint8Array = new Uint8Array();
  #tail = "";

  /** @param expectedBytes of content; more may come, for the price of a copy */
  constructor(field: "dataBase64" | "chunk", expectedBytes: number, memory: MessageMemory) {
    super();
    this.#field = field;
    this.#memory = memory;
    this.#buffer = memory.take(headRoom + base64Length(expectedBytes) + tailRoom);
  }

  /** Takes the next bytes of the content, and no hold of them. */
  add(bytes: Uint8Array): void {
    this.#reserve(base64Length(this.#rest.length + bytes.length));
    let at = 0;
    if (this.#rest.length > 0) {
      at = Math.min(3 - this.#rest.length, bytes.length);
      const group = Buffer.concat([this.#rest, bytes.subarray(0, at)]);
      if (group.length < 3) {
        this.#rest = group;
        return;
      }
      this.#write(encodeBase64(group));
    }
    const end = bytes.length - ((bytes.length - at) % 3);
    for (; at < end; at += stepBytes) this.#write(encodeBase64(bytes.subarray(at, Math.min(end, at + stepBytes))));
    this.#rest = Uint8Array.prototype.slice.call(bytes, end);
  }

  /** All content is there. @param tail what follows it: more members, and the end of the result */
  end(tail = "}"): this {
    this.#write(encodeBase64(this.#rest));
    this.#tail = `"${tail}}`;
    return this;
  }

  /** Nobody will send it. */
  discard(): void {
    this.sent();
  }

  encode(id: RequestId): Uint8Array {
    this.#write(this.#tail);
    return withHead(`${encodeResultHead(id)}{"${this.#field}":"`, this.#buffer, this.#length);
  }

  override sent(): void {
    const buffer = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    if (buffer.length > 0) this.#memory.give(buffer);
  }

  #write(text: string): void {
    this.#length += this.#buffer.write(text, this.#length, "latin1");
  }

  #reserve(textLength: number): void {
    const needed = this.#length + textLength + tailRoom;
    if (needed <= this.#buffer.length) return;
    const larger = this.#memory.take(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#memory.give(this.#buffer);
    this.#buffer = larger;
  }
}
