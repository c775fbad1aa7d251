import { anchorOf, conventionOf } from "./convention.ts";
import { isOpaque } from "./opaque.ts";
import type { PathHost } from "./path-host.ts";
import { firstSegmentAsName, type PathParts, spell } from "./path-parts.ts";
import { partsOfText } from "./path-text.ts";
import { illFormedText, invalidOn } from "./path-uri-error.ts";
import { decodeName, encodeName, textOf, utf8ByteString } from "./percent.ts";

/** The last name, decoded, or its encoded spelling when it is not UTF-8; `null` when there is none (04 P-36). */
export function basenameOf(parts: PathParts): string | null {
  if (isOpaque(parts)) return null;
  const last = parts.segments.findLast((segment) => segment !== "");
  return last === undefined ? null : (textOf(decodeName(last)) ?? last);
}

/** The lexical parent, or `null` at the root, the drive or the share (04 P-37). */
export function parentOf(parts: PathParts): PathParts | null {
  if (isOpaque(parts) || depthOf(parts.segments) <= anchorOf(parts)) return null;
  return { host: parts.host, segments: withoutTrailingSlash(parts.segments).slice(0, -1) };
}

/**
 * The path that native text leads to from `base`: text in the convention of the base, not URI text (04 P-39). Absolute
 * text replaces the base and is resolved (04 P-41); relative text can never leave the root, the drive or the share.
 */
export function joinParts(base: PathParts, text: string, host: PathHost | undefined): PathParts {
  if (text.includes("\0")) throw invalidOn("malformed", text, host);
  if (text === "") return base;
  const convention = conventionOf(base);
  if (convention === null) throw invalidOn("notJoinable", spell(base), host);
  const absolute = partsOfText(text, convention);
  if (absolute !== undefined) return absolute;
  // `D:x` is relative to a working directory that only drive D's own process knows.
  if (convention === "windows" && /^[A-Za-z]:/.test(text)) throw invalidOn("malformed", text, host);
  if (isOpaque(base)) throw invalidOn("notJoinable", spell(base), host);
  if (!text.isWellFormed()) throw illFormedText();

  const anchor = anchorOf(base);
  const isRooted = convention === "windows" && /^[\\/](?![\\/])/.test(text);
  const kept = isRooted ? base.segments.slice(0, anchor) : withoutTrailingSlash(base.segments);
  const segments = [...kept];
  for (const name of text.split(convention === "windows" ? /[\\/]/ : "/")) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (depthOf(segments) > anchor) segments.pop();
      continue;
    }
    // Every character is encoded, line breaks and tabs too: dropping one would name another file.
    const segment = encodeName(utf8ByteString(name));
    segments.push(segments.length === 0 ? firstSegmentAsName(segment, base.host) : segment);
  }
  return { host: base.host, segments };
}

/** The entry of a directory that has exactly this name, given as a byte string: nothing in it separates or is resolved. */
export function childParts(base: PathParts, name: string, host: PathHost | undefined): PathParts {
  if (isOpaque(base)) throw invalidOn("notJoinable", spell(base), host);
  const kept = withoutTrailingSlash(base.segments);
  const segment = encodeName(name);
  return { host: base.host, segments: [...kept, kept.length === 0 ? firstSegmentAsName(segment, base.host) : segment] };
}

/**
 * Whether `parts` is `ancestor` or lies below it, by spelling alone: no case folding, no look at the file system. A segment
 * that would decode to a separator makes the answer no (04 P-42).
 */
export function startsWithParts(parts: PathParts, ancestor: PathParts): boolean {
  if (spell(parts) === spell(ancestor)) return true;
  if (isOpaque(parts) || isOpaque(ancestor) || parts.host !== ancestor.host) return false;
  if (hidesSeparator(parts) || hidesSeparator(ancestor)) return false;
  const below = parts.segments.filter((segment) => segment !== "");
  const above = ancestor.segments.filter((segment) => segment !== "");
  return above.every((segment, index) => segment === below[index]);
}

function hidesSeparator(parts: PathParts): boolean {
  const separators = conventionOf(parts) === "windows" ? /[\\/]/ : /\//;
  return parts.segments.some((segment) => separators.test(decodeName(segment)));
}

/** How many segments there are; empty ones do not count. */
function depthOf(segments: readonly string[]): number {
  return segments.filter((segment) => segment !== "").length;
}

function withoutTrailingSlash(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === "" ? segments.slice(0, -1) : segments;
}
