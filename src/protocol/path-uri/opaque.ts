import type { PathParts } from "./path-parts.ts";
import { byteString } from "./percent.ts";

/** The three segments before the payload; an encoded NUL is legal nowhere else (04 P-29). */
const marker = ["%00", "bad", "path"] as const;

/** The opaque fallback: the URI of a path that has no other URI form, its bytes kept as base64url (04 P-29). */
export function opaqueParts(payload: string): PathParts {
  return { host: "", segments: [...marker, toBase64url(payload)] };
}

/** Whether canonical parts are an opaque fallback. Parsing lets no other URI begin so. */
export function isOpaque({ host, segments }: PathParts): boolean {
  return host === "" && segments[0] === marker[0];
}

/** The payload of a well-formed opaque fallback as a byte string, or `undefined` for everything else (04 P-30). */
export function opaquePayload(parts: PathParts): string | undefined {
  const [nul, bad, path, payload, ...rest] = parts.segments;
  if (!isOpaque(parts) || nul !== marker[0] || bad !== marker[1] || path !== marker[2]) return undefined;
  if (payload === undefined || payload === "" || rest.length > 0) return undefined;
  return fromBase64url(payload);
}

/** UTF-16LE code units as text, or `undefined` for an odd number of bytes. Unpaired surrogates are kept. */
export function utf16Text(payload: string): string | undefined {
  if (payload.length % 2 !== 0) return undefined;
  let text = "";
  for (let at = 0; at < payload.length; at += 2) {
    text += String.fromCharCode(payload.charCodeAt(at) | (payload.charCodeAt(at + 1) << 8));
  }
  return text;
}

/** Text as UTF-16LE code units, in a byte string. */
export function utf16Payload(text: string): string {
  const bytes = new Uint8Array(text.length * 2);
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    bytes[at * 2] = unit & 0xff;
    bytes[at * 2 + 1] = unit >> 8;
  }
  return byteString(bytes);
}

function toBase64url(payload: string): string {
  return btoa(payload).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Strict: what does not encode back to the same text (padding, stray low bits) is refused. */
function fromBase64url(text: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const payload = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return toBase64url(payload) === text ? payload : undefined;
}
