import type { OutputStream } from "../protocol/process.ts";
import { targetOf, writeTo } from "./copy-output.ts";

const newline = 0x0a;

/**
 * Lets the processes of a session share the local stdout and stderr. While there is one, its bytes are copied as they are;
 * from the second one on each line begins with the name of its process.
 */
export class SharedOutput {
  readonly #names = new Set<string>();
  /** Whose line is not finished yet, on each of the two. */
  readonly #unfinished = new Map<object, string>();

  /** Resolves when it is written; a slow reader there delays it. @throws OutputGoneError when the reader has gone. */
  async write(processId: string, stream: OutputStream, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#names.add(processId);
    const target = targetOf(stream);
    const former = this.#unfinished.get(target);
    const pieces = this.#names.size === 1 ? [bytes] : prefixed(processId, bytes, former === processId);
    if (former !== undefined && former !== processId) pieces.unshift(Buffer.from("\n"));
    if (bytes.at(-1) === newline) this.#unfinished.delete(target);
    else this.#unfinished.set(target, processId);
    await writeTo(target, Buffer.concat(pieces));
  }
}

/** The lines, each behind the name; the first one may have begun before. */
function prefixed(processId: string, bytes: Uint8Array, hasBegun: boolean): Uint8Array[] {
  const prefix = Buffer.from(`[${printable(processId)}] `);
  const pieces: Uint8Array[] = hasBegun ? [] : [prefix];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(newline, start) + 1 || bytes.length;
    pieces.push(bytes.subarray(start, end));
    if (end < bytes.length) pieces.push(prefix);
    start = end;
  }
  return pieces;
}

/** Whoever started a process chose its name: on our terminal it must not be an order. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?");
}
