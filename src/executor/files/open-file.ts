import type { FileHandle } from "node:fs/promises";
import { FileError, type NativePath, type OpenFile } from "../../ports/file-host.ts";
import type { OpenMode } from "../../protocol/files.ts";
import { attempt } from "./attempt.ts";
import { openForWriting } from "./open-for-writing.ts";
import { openRegularFile } from "./open-regular-file.ts";
import { placeOf } from "./place.ts";
import { writeAll } from "./write-file.ts";

/** The system counts file positions in signed 64-bit numbers: from here on it refuses (04 F-46). */
const firstInvalidOffset = 2n ** 63n - 1n;

/** Opens a file to be read or written in blocks (04 F-43). */
export async function openForBlocks(path: NativePath, mode: OpenMode): Promise<OpenFile> {
  const place = placeOf(path);
  const isNew = mode === "replace";
  const { handle } =
    mode === "read"
      ? await openRegularFile(place, "open")
      : await openForWriting(place, "open", { mode: 0o666, truncate: isNew, create: isNew, follow: true });
  return new NodeOpenFile(handle, path);
}

class NodeOpenFile implements OpenFile {
  readonly #handle: FileHandle;
  readonly path: NativePath;

  constructor(handle: FileHandle, path: NativePath) {
    this.#handle = handle;
    this.path = path;
  }

  async read(offset: number | bigint, block: Uint8Array): Promise<number> {
    if (offset >= firstInvalidOffset) throw new FileError("EINVAL", "readBlock", this.path);
    // A `bigint` is a number that would round, and no file is that long.
    if (typeof offset === "bigint") return 0;
    return attempt("readBlock", this.path, async () => {
      let filled = 0;
      while (filled < block.length) {
        const { bytesRead } = await this.#handle.read(block, filled, block.length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    });
  }

  async write(offset: number | bigint, bytes: Uint8Array): Promise<void> {
    if (typeof offset === "bigint") throw new FileError("EFBIG", "writeBlock", this.path);
    await attempt("writeBlock", this.path, () => writeAll(this.#handle, bytes, offset));
  }

  async close(): Promise<void> {
    await attempt("open", this.path, () => this.#handle.close());
  }
}
