import { conventionOf } from "./convention.ts";
import { isOpaque, opaqueParts, opaquePayload, utf16Text } from "./opaque.ts";
import { conventionOfHost, type PathHost } from "./path-host.ts";
import { isDrive, type PathParts, resolveComponents, spell } from "./path-parts.ts";
import { posixParts } from "./path-text.ts";
import { illFormedText, invalidOn, PathUriError } from "./path-uri-error.ts";
import { byteString, bytesOf, decodeName, lossyTextOf, textOf, utf8ByteString } from "./percent.ts";
import { opaqueWindowsParts, plainWindowsParts, readWindowsPath, windowsText } from "./windows-text.ts";

/** The native path as bytes: on a POSIX host exactly the kernel's, on Windows UTF-8 (04 section 3.1). */
export function nativeBytesOf(parts: PathParts, host: PathHost): Uint8Array {
  if (conventionOfHost(host) === "posix") return bytesOf(posixBytes(parts, host));
  const text = windowsNative(parts, host);
  if (!text.isWellFormed()) throw notText(parts);
  return bytesOf(utf8ByteString(text));
}

/** The native path as text; on a POSIX host a path that is not UTF-8 is refused rather than changed. */
export function nativeTextOf(parts: PathParts, host: PathHost): string {
  if (conventionOfHost(host) === "windows") return windowsNative(parts, host);
  const text = textOf(posixBytes(parts, host));
  if (text === undefined) throw notText(parts);
  return text;
}

/** An absolute path of the host, normalized, as URI parts (04 section 3.2). Bytes need not be UTF-8 on a POSIX host. */
export function partsOfNative(path: string | Uint8Array, host: PathHost): PathParts {
  if (typeof path === "string" && conventionOfHost(host) === "posix" && !path.isWellFormed()) throw illFormedText();
  const parts = conventionOfHost(host) === "posix" ? ofPosixPath(path) : ofWindowsPath(path);
  if (parts !== undefined) return parts;
  const shown = typeof path === "string" ? path : lossyTextOf(byteString(path));
  throw new PathUriError("notAbsolute", `path is not absolute: ${shown}`);
}

function posixBytes(parts: PathParts, host: PathHost): string {
  if (conventionOf(parts) !== "posix") throw foreign(parts, host);
  if (isOpaque(parts)) {
    const path = opaquePayload(parts) ?? "";
    refuseOther(ofPosixByteString(path), parts, host);
    return path;
  }
  // Resolved after decoding: an encoded slash separates here (04 P-23).
  return `/${resolveComponents(parts.segments.map(decodeName).join("/").split("/")).join("/")}`;
}

function ofPosixPath(path: string | Uint8Array): PathParts | undefined {
  return ofPosixByteString(typeof path === "string" ? utf8ByteString(path) : byteString(path));
}

function ofPosixByteString(path: string): PathParts | undefined {
  if (!path.startsWith("/")) return undefined;
  const names = resolveComponents(path.split("/"));
  const hasNul = names.some((name) => name.includes("\0"));
  return hasNul ? opaqueParts(`/${names.join("/")}`) : posixParts(names, false);
}

function windowsNative(parts: PathParts, host: PathHost): string {
  if (conventionOf(parts) !== "windows") throw foreign(parts, host);
  if (isOpaque(parts)) {
    const path = utf16Text(opaquePayload(parts) ?? "") ?? "";
    refuseOther(ofWindowsPath(path), parts, host);
    return path;
  }
  const names = parts.segments.map((segment) => textOf(decodeName(segment)));
  if (!names.every((name) => name !== undefined)) throw foreign(parts, host);
  const [first = "", ...below] = names;
  // A drive is written with its separator: `C:` alone would be the working directory of that drive (04 P-25).
  const root = parts.host === "" ? `${first}\\` : `\\\\${parts.host}\\${first}\\`;
  const path = readWindowsPath(root + below.join("\\"));
  // A share that decodes to a separator or a dot, or the server `.`, would leave the root that the URI names.
  const isRooted = parts.host === "" ? isDrive(first) : !/^\.{0,2}$|[\\/]/.test(first);
  if (!isRooted || path === undefined || path.kind === "device") throw foreign(parts, host);
  return windowsText(path);
}

function ofWindowsPath(path: string | Uint8Array): PathParts | undefined {
  const text = typeof path === "string" ? path : textOf(byteString(path));
  if (text === undefined) throw illFormedText();
  const read = readWindowsPath(withoutVerbatimPrefix(text));
  return read && (plainWindowsParts(read, false) ?? opaqueWindowsParts(windowsText(read)));
}

/** `\\?\C:\…` and `\\?\UNC\server\share\…` name the same files as their plain forms; so with `\\.\` (04 P-28). */
function withoutVerbatimPrefix(text: string): string {
  return text.replace(/^[\\/]{2}[.?][\\/](?:(UNC[\\/])|(?=[A-Za-z]:[\\/]))/i, (_, unc) =>
    unc === undefined ? "" : "\\\\",
  );
}

/** Refuses a fallback whose path has another URI: an ordinary path in opaque clothing, or one not normalized (04 P-32). */
function refuseOther(again: PathParts | undefined, parts: PathParts, host: PathHost): void {
  if (again === undefined || spell(again) !== spell(parts)) throw foreign(parts, host);
}

function foreign(parts: PathParts, host: PathHost): PathUriError {
  return invalidOn("foreign", spell(parts), host);
}

function notText(parts: PathParts): PathUriError {
  return new PathUriError("notText", `the native path of '${spell(parts)}' is not Unicode text`);
}
