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

/** Writes every byte, from an offset or from the current position on. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number | null = null): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const position = offset === null ? null : offset + written;
    written += (await handle.write(bytes, written, bytes.length - written, position)).bytesWritten;
  }
}
