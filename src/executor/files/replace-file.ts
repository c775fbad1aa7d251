import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath, rename, unlink } from "node:fs/promises";
import { FileError, FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt, attemptIfPresent, isMissing } from "./attempt.ts";
import { entryPath, splitPath } from "./native-path.ts";
import { openForWriting } from "./open-for-writing.ts";
import { notAFile, type OpenedFile } from "./open-regular-file.ts";
import { placeOf } from "./place.ts";
import { writeAll } from "./write-file.ts";

const permissionBits = 0o7777n;

/**
 * Replaces the content of a file in one step (04 F-21): whoever opens it sees all of the old or all of the new, also after a power
 * failure. The new content is written beside it under a name of its own, and takes its place with its mode and owner; other hard
 * links keep the old content. Refused for what is no regular file, and where the owner cannot be kept; nothing has changed then.
 */
export async function replaceFile(path: NativePath, bytes: Uint8Array): Promise<void> {
  const target = await placeOfTarget(path);
  const old = await openExisting(target);
  try {
    const parts = splitPath(target);
    if (parts === null) throw new FileError("EISDIR", "writeFile", path);
    const { systemRandom } = await import("../../ports/random.ts"); // a helper that needs none is up sooner
    const beside = entryPath(parts.parent, Buffer.from(`.proctor-${systemRandom.uuid()}`));
    await attempt("writeFile", path, async () => {
      const handle = await open(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
      try {
        await fill(handle, bytes, old);
        await rename(beside, target);
      } catch (error) {
        await unlink(beside);
        throw error;
      }
      await syncDirectory(parts.parent);
    });
  } finally {
    await old?.handle.close();
  }
}

async function fill(handle: FileHandle, bytes: Uint8Array, old: OpenedFile | undefined): Promise<void> {
  await using _closed = handle;
  await writeAll(handle, bytes);
  if (old !== undefined) {
    const { uid, gid } = await handle.stat({ bigint: true });
    if (uid !== old.stats.uid || gid !== old.stats.gid)
      await handle.chown(Number(old.stats.uid), Number(old.stats.gid));
    await handle.chmod(Number(old.stats.mode & permissionBits)); // last: a change of the owner takes bits away
  }
  await handle.sync();
}

/** Where the file itself is, or is to be: through links, as every write goes (04 F-16). */
async function placeOfTarget(path: NativePath): Promise<Buffer> {
  const real = await attemptIfPresent("writeFile", path, () => realpath(path, { encoding: "buffer" }));
  if (real !== undefined) return real;
  const parts = splitPath(path);
  if (parts === null) throw new FileError("ENOENT", "writeFile", path);
  const parent = await attempt("writeFile", path, () => realpath(parts.parent, { encoding: "buffer" }));
  const place = entryPath(parent, parts.name);
  if (await isLink(place))
    throw new FileRefusedError("a link to nowhere cannot be replaced at once", "writeFile", path);
  return place;
}

/** Opened for writing, since whoever may not write a file may not replace it either. */
async function openExisting(path: NativePath): Promise<OpenedFile | undefined> {
  try {
    const options = { mode: 0, truncate: false, create: false, follow: false };
    const opened = await openForWriting(placeOf(path), "writeFile", options);
    if (opened.stats.isFile()) return opened;
    await opened.handle.close();
    throw notAFile("writeFile", path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isLink(path: NativePath): Promise<boolean> {
  const link = await attemptIfPresent("writeFile", path, () => lstat(path));
  return link?.isSymbolicLink() ?? false;
}

async function syncDirectory(path: NativePath): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}
