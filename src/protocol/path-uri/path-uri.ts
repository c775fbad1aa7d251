import { conventionOf, inferConvention } from "./convention.ts";
import { basenameOf, childParts, joinParts, parentOf, startsWithParts } from "./lexical.ts";
import { nativeBytesOf, nativeTextOf, partsOfNative } from "./native.ts";
import { isOpaque } from "./opaque.ts";
import { parseParts } from "./parse.ts";
import type { PathConvention, PathHost } from "./path-host.ts";
import { type PathParts, spell } from "./path-parts.ts";
import { partsOfText } from "./path-text.ts";
import { conventionName, PathUriError } from "./path-uri-error.ts";
import { byteString, textOf } from "./percent.ts";
import { displayParts, renderParts } from "./render.ts";

/**
 * A path as the protocol carries it: a canonical `file:` URI that any machine can parse, compare and extend without knowing
 * which operating system it belongs to. Only {@link toNative} and its kin ask a host whether the path can be one of its own.
 * Immutable. Every failure is a {@link PathUriError}. Spec: 04 part A.
 */
export class PathUri {
  /** The canonical spelling. Two path URIs are the same when these are. */
  readonly canonical: string;
  readonly #parts: PathParts;

  private constructor(parts: PathParts) {
    this.#parts = parts;
    this.canonical = spell(parts);
    Object.freeze(this);
  }

  /** Reads a URI, strictly (04 section 1). The host completes the text of an error and changes nothing else. */
  static parse(text: string, host?: PathHost): PathUri {
    return new PathUri(parseParts(text, host));
  }

  /**
   * The URI of an absolute path of `host`, normalized lexically (04 P-26). Bytes need not be UTF-8 on a POSIX host; on
   * Windows they must be. No home directory is ever put in place of `~`.
   */
  static fromNative(path: string | Uint8Array, host: PathHost): PathUri {
    return new PathUri(partsOfNative(path, host));
  }

  /**
   * The URI of absolute path text that a person or a model wrote, in the named convention or in the one its spelling implies
   * (04 P-43 to P-46).
   */
  static fromText(text: string, convention?: PathConvention): PathUri {
    const read = convention ?? inferConvention(text);
    const parts = read === null ? undefined : partsOfText(text, read);
    if (parts !== undefined) return new PathUri(parts);
    const syntax = read === null ? "" : ` using ${conventionName(read)} path syntax`;
    throw new PathUriError("notAbsolute", `path \`${text}\` is not absolute${syntax}`);
  }

  toString(): string {
    return this.canonical;
  }

  toJSON(): string {
    return this.canonical;
  }

  /** Same canonical spelling; no case folding, no look at the file system. */
  equals(other: PathUri): boolean {
    return this.canonical === other.canonical;
  }

  /** The convention that the spelling implies; `null` for a fallback that is no path of any (04 P-20). */
  get convention(): PathConvention | null {
    return conventionOf(this.#parts);
  }

  /** Whether this is an opaque fallback: a path without a readable URI form, kept byte for byte (04 section 4). */
  get isOpaque(): boolean {
    return isOpaque(this.#parts);
  }

  /** The last name, decoded, or its encoded spelling when it is not UTF-8; `null` when there is none (04 P-36). */
  basename(): string | null {
    return basenameOf(this.#parts);
  }

  /** The lexical parent; `null` at the root, the drive or the share, and for an opaque fallback (04 P-37). */
  parent(): PathUri | null {
    const parent = parentOf(this.#parts);
    return parent && new PathUri(parent);
  }

  /** This path, then its parents up to the root, the drive or the share (04 P-38). */
  *ancestors(): Generator<PathUri, void, void> {
    for (let at: PathUri | null = this; at !== null; at = at.parent()) yield at;
  }

  /**
   * The path that native text leads to from here: text in this path's convention, not URI text (04 P-39). Absolute text
   * replaces this path and is resolved (04 P-41); relative text never leaves the root, the drive or the share.
   */
  join(text: string, host?: PathHost): PathUri {
    return text === "" ? this : new PathUri(joinParts(this.#parts, text, host));
  }

  /** The entry of this directory with exactly this name, whose bytes need not be UTF-8 (04 F-32, W-3). */
  child(name: Uint8Array, host?: PathHost): PathUri {
    return new PathUri(childParts(this.#parts, byteString(name), host));
  }

  /** Whether this path is `ancestor` or lies below it, by spelling alone (04 P-42). */
  startsWith(ancestor: PathUri): boolean {
    return startsWithParts(this.#parts, ancestor.#parts);
  }

  /** The path on `host` as text. Refuses (`notText`) a POSIX path that is not UTF-8: then {@link toNativeBytes} has it. */
  toNative(host: PathHost): string {
    return nativeTextOf(this.#parts, host);
  }

  /** The path on `host` as bytes: on a POSIX host exactly the kernel's, on Windows UTF-8. */
  toNativeBytes(host: PathHost): Uint8Array {
    return nativeBytesOf(this.#parts, host);
  }

  /** The path on `host` as its system calls take it: text, or bytes where text would change it. A NUL is refused (04 P-32). */
  toSystemPath(host: PathHost): string | Uint8Array {
    if (host.os === "windows") return refuseNul(this.toNative(host));
    const bytes = this.toNativeBytes(host);
    return refuseNul(textOf(byteString(bytes)) ?? bytes);
  }

  /** Path text in a convention, for people: what is not Unicode becomes U+FFFD (04 P-47). */
  render(convention: PathConvention): string {
    return renderParts(this.#parts, convention);
  }

  /** Path text in the convention that the spelling implies, or the URI itself; never throws (04 P-48). */
  display(): string {
    return displayParts(this.#parts);
  }
}

function refuseNul<P extends string | Uint8Array>(path: P): P {
  const hasNul = typeof path === "string" ? path.includes("\0") : path.includes(0);
  if (hasNul) throw new PathUriError("nulByte", "file name contained an unexpected NUL byte");
  return path;
}
