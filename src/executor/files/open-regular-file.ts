import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, stat } from "node:fs/promises";
import { type FileOperation, FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { pathText } from "./native-path.ts";
import type { Place } from "./place.ts";

/** A file that is open; whoever asked for it closes the handle. */
export interface OpenedFile {
  readonly handle: FileHandle;
  /** Of what was really opened. */
  readonly stats: BigIntStats;
}

/** How to open for reading. */
export interface OpenOptions {
  /** Reads through a link at the place; otherwise a link there is an error. */
  readonly follow: boolean;
  /** A directory has just said that this is a regular file: the first look at the kind is left out. */
  readonly knownAsFile?: boolean;
}

/**
 * Opens a regular file for reading and refuses everything else (04 F-11). The kind is looked up first, since opening a
 * device may already do something, and again on the open descriptor, since the name may have changed hands. Non-blocking,
 * so that neither a FIFO nor a kernel log keeps a thread of the pool.
 */
export async function openRegularFile(
  place: Place,
  op: FileOperation,
  options: OpenOptions = { follow: true },
): Promise<OpenedFile> {
  return attempt(op, place.path, async () => {
    if (!options.knownAsFile) {
      const before = await (options.follow ? stat(place.at) : lstat(place.at));
      // Opening a socket does nothing but fail, with the error that the caller shall see.
      if (!before.isFile() && !before.isSocket()) throw notAFile(op, place.path);
    }
    const handle = await open(
      place.at,
      constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (options.follow ? 0 : constants.O_NOFOLLOW),
    );
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw notAFile(op, place.path);
      return { handle, stats };
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

/** The refusal of what is no regular file. */
export function notAFile(op: FileOperation, path: NativePath): FileRefusedError {
  return new FileRefusedError(`path \`${pathText(path)}\` is not a file`, op, path);
}
