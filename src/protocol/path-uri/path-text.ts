import { opaqueParts } from "./opaque.ts";
import type { PathConvention } from "./path-host.ts";
import { firstSegmentAsName, type PathParts, resolveComponents } from "./path-parts.ts";
import { illFormedText } from "./path-uri-error.ts";
import { encodeName, utf8ByteString } from "./percent.ts";
import { opaqueWindowsParts, plainWindowsParts, readWindowsPath } from "./windows-text.ts";

/**
 * Absolute path text that a person or a model wrote, as URI parts; `undefined` when it is not absolute in this convention
 * (04 P-43, P-44). Dot segments are resolved, empty ones vanish, one trailing slash stays (04 P-41).
 */
export function partsOfText(text: string, convention: PathConvention): PathParts | undefined {
  return convention === "posix" ? partsOfPosixText(text) : partsOfWindowsText(text);
}

function partsOfPosixText(text: string): PathParts | undefined {
  if (!text.startsWith("/")) return undefined;
  if (!text.isWellFormed()) throw illFormedText();
  if (text.includes("\0")) return opaqueParts(utf8ByteString(text));
  const names = resolveComponents(text.split("/"));
  return posixParts(names.map(utf8ByteString), text.endsWith("/"));
}

/** The parts of resolved POSIX names, given as byte strings. */
export function posixParts(names: readonly string[], trailing: boolean): PathParts {
  const [first, ...below] = names.map(encodeName);
  if (first === undefined) return { host: "", segments: [] };
  return { host: "", segments: [firstSegmentAsName(first, ""), ...below, ...(trailing ? [""] : [])] };
}

function partsOfWindowsText(text: string): PathParts | undefined {
  const path = readWindowsPath(text);
  return path && (plainWindowsParts(path, true) ?? opaqueWindowsParts(text));
}
