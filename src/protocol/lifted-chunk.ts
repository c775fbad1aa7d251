import { decodeBase64, decodeBase64InPlace } from "./base64.ts";
import { parseExactJson } from "./exact-json.ts";

const key = '"chunk"';
const opening = `${key}:"`;
const quote = 0x22;

/** Below this a message is parsed as fast as it is taken apart. */
export const LEAST_LIFTED_BYTES = 4_096;

/**
 * Parses a message whose `params.chunk` or `result.chunk` is long base64, without a string for the whole, a search for
 * numbers in it, or a second copy by the JSON parser: the base64 is cut out and decoded, the little that is left is parsed, and the
 * bytes take the place of the text, in the message itself where that has its memory for itself: a message that was decoded this way
 * is used up. A chunk of 64 KiB takes half the time, and leaves half the garbage.
 *
 * @returns `undefined` for whatever is not exactly of that shape, or not right: the ordinary way decides what it is. What this
 * way accepts means the same there (01 W-10, W-28).
 */
export function parseLifted(message: Uint8Array, decodeText: (bytes: Uint8Array) => string): unknown {
  if (message.length < LEAST_LIFTED_BYTES) return undefined;
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const found = bytes.indexOf(opening, 0, "latin1");
  if (found < 0) return undefined;
  const start = found + opening.length;
  const end = bytes.indexOf(quote, start);
  if (end - start < LEAST_LIFTED_BYTES / 2) return undefined;
  let value: unknown;
  try {
    const rest = decodeText(bytes.subarray(0, start)) + decodeText(bytes.subarray(end));
    // Without escapes a name has one spelling, and one that stands here once is no duplicate, of which the last would count.
    if (rest.includes("\\") || rest.indexOf(key) !== rest.lastIndexOf(key)) return undefined;
    value = parseExactJson(rest);
  } catch {
    return undefined; // The ordinary way says what is wrong, and where in the whole text.
  }
  const holder = holderOf(value);
  if (holder === undefined) return undefined;
  // Bytes that share their memory with other messages would keep all of it from being freed.
  const isAlone = bytes.buffer.byteLength === bytes.length;
  const chunk = isAlone ? decodeBase64InPlace(bytes, start, end) : decodeBase64(bytes.toString("latin1", start, end));
  if (chunk === undefined) return undefined;
  holder.chunk = chunk;
  return value;
}

/** The object whose chunk was emptied; a chunk somewhere else means nothing to this protocol. */
function holderOf(value: unknown): Record<string, unknown> | undefined {
  if (!isObject(value)) return undefined;
  return [value.params, value.result].find((member) => isObject(member) && member.chunk === "") as
    | Record<string, unknown>
    | undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
