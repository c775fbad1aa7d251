import { canonicalHost } from "./authority.ts";
import { opaquePayload } from "./opaque.ts";
import type { PathHost } from "./path-host.ts";
import { isDrive, isDriveLike, type PathParts, spell } from "./path-parts.ts";
import { illFormedText, invalidOn, PathUriError } from "./path-uri-error.ts";
import { encodeUriText } from "./percent.ts";

/** The scheme that the text begins with, in lower case, or `undefined` (04 P-1, P-2). */
export function schemeOf(text: string): string | undefined {
  return /^[A-Za-z][A-Za-z0-9+.-]*(?=:)/.exec(clean(text))?.[0].toLowerCase();
}

/** Reads URI text into canonical parts (04 section 1). The host only completes the text of an error. */
export function parseParts(text: string, host: PathHost | undefined): PathParts {
  const scheme = schemeOf(text);
  if (scheme === undefined) throw new PathUriError("noScheme", "invalid URI: relative URL without a base");
  if (scheme !== "file") throw new PathUriError("otherScheme", `unsupported path URI scheme \`${scheme}\``);
  if (!text.isWellFormed()) throw illFormedText();

  const rest = clean(text).slice("file:".length);
  const [hierarchy = "", end] = rest.split(/([?#])/, 2);
  const parts = parseHierarchy(hierarchy.replaceAll("\\", "/"));
  if (end === "?") throw new PathUriError("query", "query parameters are not allowed in path URIs");
  if (end === "#") throw new PathUriError("fragment", "fragments are not allowed in path URIs");
  if (parts.segments.some((segment) => segment.includes("%00")) && opaquePayload(parts) === undefined) {
    throw invalidOn("malformed", spell(parts), host);
  }
  return parts;
}

/** Drops control characters and spaces around the text, and line breaks and tabs wherever they stand (04 P-1). */
function clean(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start += 1;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end -= 1;
  return text.slice(start, end).replace(/[\t\n\r]/g, "");
}

/** Splits what follows the scheme into authority and path (04 P-4, P-5). */
function parseHierarchy(hierarchy: string): PathParts {
  if (!hierarchy.startsWith("//")) return resolvePath("", hierarchy.startsWith("/") ? hierarchy.slice(1) : hierarchy);
  const authorityEnd = hierarchy.indexOf("/", 2);
  const authority = authorityEnd < 0 ? hierarchy.slice(2) : hierarchy.slice(2, authorityEnd);
  const path = authorityEnd < 0 ? "" : hierarchy.slice(authorityEnd);
  if (isDriveLike(authority)) return resolvePath("", authority + path);
  const host = canonicalHost(authority);
  // Without a host the slash before the path counts as an empty segment: that is why `file:///C|/x` keeps its bar (04 P-11).
  return resolvePath(host, host === "" ? path : path.slice(1));
}

/** Resolves dot segments, finds the drive and encodes what is left (04 P-8 to P-12). */
function resolvePath(host: string, path: string): PathParts {
  const raw = path.split("/");
  const segments: string[] = [];
  for (const [index, segment] of raw.entries()) {
    const isLast = index === raw.length - 1;
    if (isDoubleDot(segment)) {
      if (!endsInLeadingDrive(segments)) segments.pop();
      if (isLast) segments.push("");
    } else if (isSingleDot(segment)) {
      if (isLast) segments.push("");
    } else {
      segments.push(segments.length === 0 && isDriveLike(segment) ? asDrive(segment) : encodeUriText(segment));
    }
  }
  while (segments[0] === "") segments.shift();
  // A drive below a host removes the host, wherever the empty segments before it came from: else the canonical form would
  // not read back as itself.
  const [first = "", ...below] = segments;
  return host !== "" && isDriveLike(first) ? { host: "", segments: [asDrive(first), ...below] } : { host, segments };
}

function endsInLeadingDrive(segments: readonly string[]): boolean {
  return isDrive(segments.at(-1) ?? "") && segments.slice(0, -1).every((segment) => segment === "");
}

function asDrive(segment: string): string {
  return `${segment.charAt(0)}:`;
}

function isSingleDot(segment: string): boolean {
  return /^(?:\.|%2e)$/i.test(segment);
}

function isDoubleDot(segment: string): boolean {
  return /^(?:\.|%2e){2}$/i.test(segment);
}
