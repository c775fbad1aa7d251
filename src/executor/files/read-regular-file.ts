import type { FileHandle } from "node:fs/promises";
import { type FileReading, FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { openRegularFile } from "./open-regular-file.ts";
import { placeOf } from "./place.ts";

/** Reads a regular file from its beginning to its end (04 section 10.1). Needs no memory but the buffer it is given. */
export async function readRegularFile(path: NativePath, reading: FileReading): Promise<void> {
  const { limitBytes } = reading;
  const opened = await openRegularFile(placeOf(path), "readFile");
  await using handle = opened.handle;
  const tooLarge = () =>
    new FileRefusedError(`file is too large to read: limit is ${limitBytes} bytes`, "readFile", path);
  if (opened.stats.size > BigInt(limitBytes)) throw tooLarge();
  reading.expect(Number(opened.stats.size));

  let total = 0;
  await attempt("readFile", path, () =>
    readThrough(handle, reading.buffer, (piece) => {
      total += piece.length;
      if (total > limitBytes) throw tooLarge();
      reading.take(piece);
    }),
  );
}

/** While one half of the buffer is looked at, the other is filled. */
async function readThrough(handle: FileHandle, buffer: Uint8Array, take: (piece: Uint8Array) => void): Promise<void> {
  const half = Math.floor(buffer.length / 2);
  let [filling, other] = [buffer.subarray(0, half), buffer.subarray(half)];
  let { bytesRead } = await handle.read(filling, 0, filling.length, null);
  while (bytesRead > 0) {
    const piece = filling.subarray(0, bytesRead);
    [filling, other] = [other, filling];
    const next = handle.read(filling, 0, filling.length, null);
    try {
      take(piece);
    } finally {
      ({ bytesRead } = await next); // also where the piece is refused: the buffer is somebody else's afterwards
    }
  }
}
