import type { BigIntStats } from "node:fs";
import { lstat, rmdir, stat, unlink } from "node:fs/promises";
import { FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt, isMissing } from "./attempt.ts";
import { OpenDirectory } from "./open-directory.ts";
import { type Place, placeOf } from "./place.ts";
import { isSameFile } from "./same-file.ts";

/**
 * Removes what is at a path, never the target of a link (04 section 10.7). The root of the file system is refused under any
 * name, bind mounts included (04 F-37).
 */
export async function remove(
  path: NativePath,
  options: { readonly recursive: boolean; readonly force: boolean },
): Promise<void> {
  try {
    const entry = await attempt("remove", path, () => lstat(path, { bigint: true }));
    if (!entry.isDirectory()) return await removeFile(placeOf(path));
    if (await isFileSystemRoot(entry)) {
      throw new FileRefusedError("fs/remove does not remove the root of the file system", "remove", path);
    }
    if (options.recursive) await removeTree(placeOf(path));
    else await removeEmptyDirectory(placeOf(path));
  } catch (error) {
    if (!(options.force && isMissing(error))) throw error;
  }
}

/** Stops at the first failure; what was removed stays removed (04 F-36). An entry that somebody else removed is no failure. */
async function removeTree(place: Place): Promise<void> {
  {
    await using directory = await OpenDirectory.open(place, "remove", { follow: false });
    for (const entry of await directory.entries()) {
      const inner = directory.entry(entry.name);
      await unlessMissing(entry.isDirectory() ? removeTree(inner) : removeFile(inner));
    }
  }
  await removeEmptyDirectory(place);
}

async function removeFile(place: Place): Promise<void> {
  await attempt("remove", place.path, () => unlink(place.at));
}

async function removeEmptyDirectory(place: Place): Promise<void> {
  await attempt("remove", place.path, () => rmdir(place.at));
}

async function unlessMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function isFileSystemRoot(entry: BigIntStats): Promise<boolean> {
  return isSameFile(entry, await attempt("remove", "/", () => stat("/", { bigint: true })));
}
