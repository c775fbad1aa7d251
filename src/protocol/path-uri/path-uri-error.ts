import { ProctorError } from "../errors.ts";
import type { PathConvention, PathHost } from "./path-host.ts";

/** What is wrong with a path or path URI; callers branch on this, never on the text. */
export type PathUriFault =
  /** No scheme where a URI was expected (04 P-2). */
  | "noScheme"
  /** A scheme other than `file` (04 P-2). */
  | "otherScheme"
  /** The authority is no valid host (04 P-6). */
  | "badHost"
  /** A query (04 P-16) or a fragment (04 P-17). */
  | "query"
  | "fragment"
  /** An encoded NUL outside a well-formed opaque fallback, or a NUL in text to be joined (04 P-18, P-39). */
  | "malformed"
  /** A URI of another convention, or one that names nothing on this host (04 P-21, P-32). */
  | "foreign"
  /** An opaque or convention-less base was joined with a relative path (04 P-39). */
  | "notJoinable"
  /** Native text that is relative (04 P-27, P-45). */
  | "notAbsolute"
  /** No path text exists in the wanted convention (04 P-47). */
  | "notRenderable"
  /** The native path is not Unicode, but text was asked for, or text holds half a surrogate pair. */
  | "notText"
  /** The native path holds a NUL, which no operating system takes (04 P-32). */
  | "nulByte";

/** A path or path URI that cannot be read, converted or joined. The message is the one the wire carries (04 section 8). */
export class PathUriError extends ProctorError {
  readonly fault: PathUriFault;

  constructor(fault: PathUriFault, message: string) {
    super("pathUri", message);
    this.fault = fault;
  }
}

/** `'SUBJECT' is invalid on 'OS'`; without a host the text ends after `invalid`. */
export function invalidOn(fault: PathUriFault, subject: string, host: PathHost | undefined): PathUriError {
  return new PathUriError(fault, `'${subject}' is invalid${host === undefined ? "" : ` on '${host.os}'`}`);
}

/** The refusal of text that has half a surrogate pair: it has no UTF-8 form, so replacing it would name another file. */
export function illFormedText(): PathUriError {
  return new PathUriError("notText", "path text is not well-formed Unicode");
}

/** `POSIX` or `Windows`, as the texts of 04 P-45 and P-47 have it. */
export function conventionName(convention: PathConvention): string {
  return convention === "posix" ? "POSIX" : "Windows";
}
