import { isOpaque, opaquePayload } from "./opaque.ts";
import type { PathConvention } from "./path-host.ts";
import { isDrive, type PathParts } from "./path-parts.ts";

/** The convention of a path URI, from its spelling alone; `null` for a fallback that is no path of any (04 P-20). */
export function conventionOf(parts: PathParts): PathConvention | null {
  if (isOpaque(parts)) return conventionOfPayload(opaquePayload(parts) ?? "");
  return parts.host !== "" || isDrive(parts.segments[0] ?? "") ? "windows" : "posix";
}

/** The convention of native path text, or `null` when it is absolute in none (04 P-46). */
export function inferConvention(text: string): PathConvention | null {
  if (/^[A-Za-z]:[\\/]/.test(text) || text.startsWith("\\\\")) return "windows";
  return text.startsWith("/") ? "posix" : null;
}

/** How many leading segments lexical work may never remove: the drive or the share (04 section 5). */
export function anchorOf(parts: PathParts): number {
  return conventionOf(parts) === "windows" ? 1 : 0;
}

/** 04 P-33. The payload of a Windows path is UTF-16LE: every ASCII character is followed by a zero byte. */
function conventionOfPayload(payload: string): PathConvention | null {
  if (payload.startsWith("/")) return "posix";
  const looksWindows = payload.length % 2 === 0 && (/^[A-Za-z]\0:\0/.test(payload) || payload.startsWith("\\\0\\\0"));
  return looksWindows ? "windows" : null;
}
