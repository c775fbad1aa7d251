import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, stat } from "node:fs/promises";
import { FileError, type FileOperation } from "../../ports/file-host.ts";
import { attempt, attemptIfPresent } from "./attempt.ts";
import { notAFile, type OpenedFile } from "./open-regular-file.ts";
import type { Place } from "./place.ts";

/** How to open for writing. */
export interface WriteMode {
  /** The permission bits of a new file, less the umask. */
  readonly mode: number;
  /** Empties the file at once; without it the content stays until the caller decides. */
  readonly truncate: boolean;
  /** Makes a missing file; otherwise it is an error. Default true. */
  readonly create?: boolean;
  /** Writes through a link at the place; otherwise a link there is EEXIST. */
  readonly follow: boolean;
}

/**
 * Opens a regular file or a character device (`/dev/null`) for writing and creates a missing file unless told otherwise. FIFOs and block devices
 * are refused: a FIFO without a reader would keep a thread of the pool for ever (04 F-20). The kind is looked up first and
 * again on the open descriptor.
 */
export async function openForWriting(place: Place, op: FileOperation, mode: WriteMode): Promise<OpenedFile> {
  const before = await attemptIfPresent(op, place.path, () => (mode.follow ? stat(place.at) : lstat(place.at)));
  if (before?.isSymbolicLink()) throw new FileError("EEXIST", op, place.path);
  if (before !== undefined && blocksOrDamages(before)) throw notAFile(op, place.path);
  return attempt(op, place.path, async () => {
    const flags =
      constants.O_WRONLY |
      constants.O_NONBLOCK |
      constants.O_NOCTTY |
      (mode.create === false ? 0 : constants.O_CREAT) |
      (mode.truncate ? constants.O_TRUNC : 0) |
      (mode.follow ? 0 : constants.O_NOFOLLOW);
    const handle = await open(place.at, flags, mode.mode);
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile() && !stats.isCharacterDevice()) throw notAFile(op, place.path);
      return { handle, stats };
    } catch (error) {
      await handle.close();
      throw error;
    }
  });
}

/** Makes a new file and opens it for writing; `undefined` where something is already, a link to nowhere included. */
export async function createNew(place: Place, op: FileOperation, mode: number): Promise<FileHandle | undefined> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    return await attempt(op, place.path, () => open(place.at, flags, mode));
  } catch (error) {
    if (error instanceof FileError && error.errno === "EEXIST") return undefined;
    throw error;
  }
}

/** Directories and sockets are left to the open itself, which fails with the error that the caller shall see. */
function blocksOrDamages(stats: Stats): boolean {
  return stats.isFIFO() || stats.isBlockDevice();
}
