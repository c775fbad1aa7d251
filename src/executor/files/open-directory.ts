import { type BigIntStats, constants, type Dirent, existsSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import type { FileOperation } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { entryPath } from "./native-path.ts";
import type { Place } from "./place.ts";

/** Node does not name the flag; the value is that of every Linux that Node runs on. */
const oPath = 0o10000000;

/** Where the kernel shows our descriptors as paths; elsewhere entries are named by the directory's path. */
const descriptors = process.platform === "linux" && existsSync("/proc/self/fd") ? "/proc/self/fd" : null;

/**
 * A directory held open, so that work on its entries stays in this directory whatever happens to its name meanwhile: whoever
 * swaps a directory for a link in the middle of a tree leads us nowhere. Costs one descriptor until it is disposed of. On
 * Linux, entries are reached through the descriptor; paths then have no length limit either.
 */
export class OpenDirectory implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #place: Place;
  readonly #op: FileOperation;
  /** Device and inode say which directory it is. */
  readonly stats: BigIntStats;

  private constructor(handle: FileHandle, stats: BigIntStats, place: Place, op: FileOperation) {
    this.#handle = handle;
    this.#op = op;
    this.#place = descriptors === null ? place : { at: `${descriptors}/${handle.fd}`, path: place.path };
    this.stats = stats;
  }

  /** Opens a directory; a link to one only with `follow`. */
  static async open(place: Place, op: FileOperation, options: { readonly follow: boolean }): Promise<OpenDirectory> {
    const flags =
      constants.O_RDONLY |
      constants.O_DIRECTORY |
      (options.follow ? 0 : constants.O_NOFOLLOW) |
      (descriptors === null ? 0 : oPath);
    return attempt(op, place.path, async () => {
      const handle = await open(place.at, flags);
      try {
        return new OpenDirectory(handle, await handle.stat({ bigint: true }), place, op);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** The names in it, in the order of the kernel; the kinds are those of the entries themselves. */
  entries(): Promise<Dirent<Buffer>[]> {
    return attempt(this.#op, this.#place.path, () =>
      readdir(this.#place.at, { withFileTypes: true, encoding: "buffer" }),
    );
  }

  /** Where the entry of this name is. */
  entry(name: Buffer): Place {
    return { at: entryPath(this.#place.at, name), path: entryPath(this.#place.path, name) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close();
  }
}
