/**
 * Strict base64 as the wire demands it (01 W-28): standard alphabet, padding required, no white space, unused bits zero.
 * `Buffer.from` alone accepts all of these faults, so the text is checked by what it decodes to: that costs a tenth of a
 * regular expression on a 64 KiB chunk.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (!isWhole(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return says(text, bytes) ? bytes : undefined;
}

/**
 * The same for the base64 that stands in `bytes` from `start` to `end`: what it decodes to takes its place there, and is a view. Text
 * that is refused stays as it is. It spares an allocation outside of the heap, and it is those that make the collector look through
 * the whole heap again and again.
 */
export function decodeBase64InPlace(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const buffer = asBuffer(bytes);
  const text = buffer.toString("latin1", start, end);
  if (!isWhole(text)) return undefined;
  const decoded = buffer.subarray(start, start + buffer.write(text, start, "base64"));
  if (says(text, decoded)) return decoded;
  buffer.write(text, start, "latin1");
  return undefined;
}

/** Of a length that base64 can have, and not of the other alphabet, which Node takes as well. */
function isWhole(text: string): boolean {
  return text.length % 4 === 0 && !text.includes("-") && !text.includes("_");
}

/** Does all of the text say these bytes, and nothing else? Node skips what it does not understand. */
function says(text: string, bytes: Buffer): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (bytes.length !== (text.length / 4) * 3 - padding) return false;
  return padding === 0 || bytes.toString("base64", bytes.length - (bytes.length % 3)) === text.slice(-4);
}

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64");
}

/** How many characters so many bytes become. */
export function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3);
}

/** A view, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
