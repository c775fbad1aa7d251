import type { OpenMode } from "../files.ts";

/** A path in JSON: each of its bytes is one character, since names need not be UTF-8. */
export type PathBytes = string;

/** What a helper is asked to do; the content of a write follows as bytes. */
export type HelperCall =
  | { readonly op: "readFile"; readonly path: PathBytes; readonly limitBytes: number }
  | { readonly op: "writeFile"; readonly path: PathBytes; readonly atomic: boolean }
  | { readonly op: "createDirectory"; readonly path: PathBytes; readonly recursive: boolean }
  | { readonly op: "metadata"; readonly path: PathBytes }
  | { readonly op: "canonicalize"; readonly path: PathBytes }
  | { readonly op: "readDirectory"; readonly path: PathBytes }
  | { readonly op: "remove"; readonly path: PathBytes; readonly recursive: boolean; readonly force: boolean }
  | {
      readonly op: "copy";
      readonly path: PathBytes;
      readonly destination: PathBytes;
      readonly recursive: boolean;
    }
  | { readonly op: "walk"; readonly root: string; readonly limits: HelperWalkLimits }
  | { readonly op: "open"; readonly path: PathBytes; readonly mode: OpenMode; readonly handle: number }
  | { readonly op: "readBlock"; readonly handle: number; readonly offset: string; readonly length: number }
  | { readonly op: "writeBlock"; readonly handle: number; readonly offset: string }
  | { readonly op: "close"; readonly handle: number };

/** How far a walk goes (04 part C). */
export interface HelperWalkLimits {
  readonly maxDepth: number;
  readonly maxDirectories: number;
  readonly maxEntries: number;
  readonly followDirectorySymlinks: boolean;
  readonly pruneHiddenDirectories: boolean;
}

/** The longest body: a file that is written whole, or what was found in a large directory. */
export const longestHelperBody = 64 * 1024 * 1024;

/** @param path native text or bytes */
export function pathToBytes(path: string | Buffer): PathBytes {
  return (typeof path === "string" ? Buffer.from(path) : path).toString("latin1");
}

/** The path as text; as bytes where they are not UTF-8. */
export function pathFromBytes(path: PathBytes): string | Buffer {
  const bytes = Buffer.from(path, "latin1");
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : bytes;
}

/** An offset that no number holds exactly stays a `bigint`. */
export function offsetFromText(text: string): number | bigint {
  const exact = BigInt(text);
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}
