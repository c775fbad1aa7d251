/**
 * Percent-encoding of path URIs. Names that are not UTF-8 must survive, so decoded names travel as *byte strings*: strings
 * whose every character stands for one byte.
 */

/** What stays as it is in URI text; everything else is encoded (04 P-12). */
const encodedInUri = /[^!$-;=@-_a-z|~]/gu;
/** In a single name `%`, `/` and `\` are encoded as well (04 P-26). */
const encodedInName = /[^!$&-.0-;=@-[\]^_a-z|~]/gu;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Encodes one segment of URI text; escapes that it already has stay as they are. The text must be well-formed. */
export function encodeUriText(text: string): string {
  return text.replace(encodedInUri, (character) => encodeURIComponent(character));
}

/** Encodes one file name given as a byte string. */
export function encodeName(name: string): string {
  return name.replace(encodedInName, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Decodes a canonical segment, once, to a byte string; a `%` that starts no escape stays (04 P-22, P-24). */
export function decodeName(segment: string): string {
  return segment.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The bytes as a byte string. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The UTF-8 form of well-formed text, as a byte string. */
export function utf8ByteString(text: string): string {
  return byteString(utf8.encode(text));
}

/** The bytes that a byte string stands for. */
export function bytesOf(byteText: string): Uint8Array {
  return Uint8Array.from(byteText, (byte) => byte.charCodeAt(0));
}

/** A byte string read as UTF-8, or `undefined` when it is none. */
export function textOf(byteText: string): string | undefined {
  try {
    return strictUtf8.decode(bytesOf(byteText));
  } catch {
    return undefined; // the decoder's only way to say that the bytes are not UTF-8
  }
}

/** A byte string read as UTF-8 for a person's eyes, U+FFFD in place of what is none. */
export function lossyTextOf(byteText: string): string {
  return lossyUtf8.decode(bytesOf(byteText));
}
