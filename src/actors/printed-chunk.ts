import type { MessageMemory } from "../protocol/encoded-answer.ts";
import { encodeOutput, encodeOutputBytes } from "../protocol/output-frame.ts";
import type { OutputStream } from "../protocol/process.ts";

/** From this length on a chunk is put together as bytes; below it the text costs less than keeping the books of its memory. */
const leastEncodedBytes = 16 * 1024;

/** Takes a message; false: the peer reads too slowly. `sent` is called when nothing reads the bytes any more, or never. */
type Push = (message: string | Uint8Array, sent?: () => void) => boolean;

/**
 * A chunk of output on its way to whoever listens. It is encoded only if anybody does: during an outage that would be most of
 * the work, and of the garbage.
 */
export class PrintedChunk {
  readonly #processIdJson: string;
  readonly #seq: number;
  readonly #stream: OutputStream;
  readonly #bytes: Uint8Array;
  readonly #memory: MessageMemory;
  #text: string | null = null;

  constructor(processIdJson: string, seq: number, stream: OutputStream, bytes: Uint8Array, memory: MessageMemory) {
    this.#processIdJson = processIdJson;
    this.#seq = seq;
    this.#stream = stream;
    this.#bytes = bytes;
    this.#memory = memory;
  }

  /** The notification for one of several takers, encoded once for all. */
  get text(): string {
    this.#text ??= encodeOutput(this.#processIdJson, this.#seq, this.#stream, this.#bytes);
    return this.#text;
  }

  /** Gives the notification to the only taker; bytes are that one's alone until they are sent. */
  pushTo(push: Push): boolean {
    if (this.#bytes.length < leastEncodedBytes) return push(this.text);
    const memory = this.#memory;
    const { buffer, message } = encodeOutputBytes(this.#processIdJson, this.#seq, this.#stream, this.#bytes, memory);
    return push(message, () => memory.give(buffer));
  }
}
