import type { FileHandle } from "node:fs/promises";
import { FileRefusedError } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { createNew, openForWriting } from "./open-for-writing.ts";
import { type OpenedFile, openRegularFile } from "./open-regular-file.ts";
import type { Place } from "./place.ts";
import { isSameFile } from "./same-file.ts";
import { writeAll } from "./write-file.ts";

const blockBytes = 1024 * 1024;
/** For files that say 0 and may have content, as in procfs. */
const guessBytes = 4 * 1024;
const permissionBits = 0o7777n;
const createBits = 0o777n;

/** How to copy one file. */
export interface CopyFileOptions {
  /** Writes through a link at the destination; otherwise a link there is EEXIST. */
  readonly followDestination: boolean;
  /** A directory has just said that the source is a regular file. */
  readonly knownAsFile?: boolean;
}

/** Copies the content and the permission bits of a regular file (04 section 10.8). */
export async function copyFile(source: Place, destination: Place, options: CopyFileOptions): Promise<void> {
  const from = await openRegularFile(source, "copy", { follow: false, knownAsFile: options.knownAsFile ?? false });
  await using _from = from.handle;
  const to = await openDestination(from, destination, options.followDestination);
  await using _to = to;
  await pump(from, source, to, destination);
}

/** Ready to take the content: empty, and with the mode of the source. */
async function openDestination(from: OpenedFile, destination: Place, follow: boolean): Promise<FileHandle> {
  const mode = Number(from.stats.mode & createBits);
  const created = await createNew(destination, "copy", mode);
  const handle = created ?? (await openForWriting(destination, "copy", { mode, truncate: false, follow })).handle;
  try {
    // The umask has taken its part of the mode of a new file.
    if (created !== undefined) await attempt("copy", destination.path, () => handle.chmod(modeOf(from)));
    else await replaceContent(from, handle, destination);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Empties what exists only when it is known to be another file and ours to change: a copy onto itself under any name loses
 * nothing (04 F-40).
 */
async function replaceContent(from: OpenedFile, handle: FileHandle, destination: Place): Promise<void> {
  await attempt("copy", destination.path, async () => {
    const stats = await handle.stat({ bigint: true });
    if (isSameFile(from.stats, stats)) {
      throw new FileRefusedError("fs/copy cannot copy a file to itself", "copy", destination.path);
    }
    if (!stats.isFile()) return; // a device keeps its mode and has no length
    await handle.chmod(modeOf(from));
    await handle.truncate(0);
  });
}

function modeOf(from: OpenedFile): number {
  return Number(from.stats.mode & permissionBits);
}

/** Memory: one block, whatever the size. */
async function pump(from: OpenedFile, source: Place, to: FileHandle, destination: Place): Promise<void> {
  const sizeBytes = Number(from.stats.size);
  // One byte more than it says: a read that brings what it said has also seen the end. Nothing larger than needed: a tree of
  // 20 000 small files copied with whole blocks spends most of its time in the allocator.
  const block = Buffer.allocUnsafe(sizeBytes === 0 ? guessBytes : Math.min(sizeBytes + 1, blockBytes));
  for (;;) {
    const { bytesRead } = await attempt("copy", source.path, () => from.handle.read(block, 0, block.length, null));
    if (bytesRead > 0) await attempt("copy", destination.path, () => writeAll(to, block.subarray(0, bytesRead)));
    if (bytesRead === 0 || (bytesRead === sizeBytes && bytesRead < block.length)) return;
  }
}
