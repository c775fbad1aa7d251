import type { NativePath } from "../../ports/file-host.ts";

/** Somewhere in the file system, for a call and for people. */
export interface Place {
  /** What system calls are given. */
  readonly at: NativePath;
  /** What errors name. */
  readonly path: NativePath;
}

/** The place that a path names. */
export function placeOf(path: NativePath): Place {
  return { at: path, path };
}
