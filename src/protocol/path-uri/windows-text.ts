import { canonicalHost } from "./authority.ts";
import { opaqueParts, utf16Payload } from "./opaque.ts";
import { firstSegmentAsName, type PathParts, resolveComponents } from "./path-parts.ts";
import { PathUriError } from "./path-uri-error.ts";
import { encodeName, utf8ByteString } from "./percent.ts";

/** Absolute Windows path text, taken apart and resolved lexically; the root is never resolved away. */
export type WindowsPath =
  | { readonly kind: "drive"; readonly drive: string; readonly names: readonly string[]; readonly trailing: boolean }
  | {
      readonly kind: "share";
      readonly server: string;
      readonly share: string;
      readonly names: readonly string[];
      readonly trailing: boolean;
    }
  /** A device or verbatim path (`\\.\…`, `\\?\…`): its text means something only to Windows. */
  | { readonly kind: "device"; readonly text: string };

/** Takes apart absolute Windows text; `undefined` when it is not absolute (04 P-44). Both separators count everywhere. */
export function readWindowsPath(text: string): WindowsPath | undefined {
  if (/^[\\/]{2}[.?][\\/]/.test(text)) return { kind: "device", text };
  const trailing = /[\\/]$/.test(text);
  if (/^[A-Za-z]:[\\/]/.test(text)) {
    return { kind: "drive", drive: text.slice(0, 2), names: resolveComponents(text.slice(3).split(/[\\/]/)), trailing };
  }
  const [, server, share, rest] = /^[\\/]{2}([^\\/]+)[\\/]([^\\/]+)(.*)$/s.exec(text) ?? [];
  if (server === undefined || share === undefined || rest === undefined) return undefined;
  return { kind: "share", server, share, names: resolveComponents(rest.split(/[\\/]/)), trailing };
}

/** The resolved path as Windows text without a trailing separator, except that a bare drive keeps its own. */
export function windowsText(path: WindowsPath): string {
  if (path.kind === "device") return path.text;
  if (path.kind === "drive") return `${path.drive}\\${path.names.join("\\")}`;
  return `\\\\${[path.server, path.share, ...path.names].join("\\")}`;
}

/** The parts of a Windows path, or `undefined` when only an opaque fallback can hold it (04 P-28, P-44). */
export function plainWindowsParts(path: WindowsPath, keepTrailing: boolean): PathParts | undefined {
  if (path.kind === "device") return undefined;
  const names = path.kind === "drive" ? path.names : [path.share, ...path.names];
  if (names.some((name) => name.includes("\0") || !name.isWellFormed())) return undefined;
  const encoded = names.map((name) => encodeName(utf8ByteString(name)));
  const slash = keepTrailing && path.trailing ? [""] : [];
  if (path.kind === "drive") {
    // A bare drive is written with its slash: `C:` alone is a place relative to the drive's working directory.
    return { host: "", segments: [path.drive, ...encoded, ...(encoded.length === 0 ? [""] : slash)] };
  }
  const host = serverAsHost(path.server);
  const [share, ...below] = encoded;
  if (host === undefined || share === undefined || path.share === "." || path.share === "..") return undefined;
  return { host, segments: [firstSegmentAsName(share, host), ...below, ...slash] };
}

/** The opaque fallback of Windows text. */
export function opaqueWindowsParts(text: string): PathParts {
  return opaqueParts(utf16Payload(text));
}

/** A server name as URI host; `undefined` when the host would not be this server (`localhost` is no host in a URI). */
function serverAsHost(server: string): string | undefined {
  if (server.includes("%") || server.includes("\0") || !server.isWellFormed() || /[\t\n\r]/.test(server))
    return undefined;
  try {
    return canonicalHost(server) || undefined;
  } catch (error) {
    if (error instanceof PathUriError) return undefined;
    throw error;
  }
}
