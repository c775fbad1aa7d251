import type { FileHandle } from "node:fs/promises";
import type { NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { openForWriting } from "./open-for-writing.ts";
import { placeOf } from "./place.ts";

/** Replaces the content of a file, or creates it (04 section 10.2). */
export async function writeFile(path: NativePath, bytes: Uint8Array): Promise<void> {
  const { handle } = await openForWriting(placeOf(path), "writeFile", { mode: 0o666, truncate: true, follow: true });
  await using _closed = handle;
  await attempt("writeFile", path, () => writeAll(handle, bytes));
}

/** Writes every byte at the current position. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await handle.write(bytes, written, bytes.length - written, null)).bytesWritten;
  }
}
