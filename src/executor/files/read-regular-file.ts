import { FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { openRegularFile } from "./open-regular-file.ts";
import { placeOf } from "./place.ts";

/** The first guess for files that say 0 and have content, as in procfs; doubled as needed. */
const guessBytes = 64 * 1024;

/** The whole content of a regular file (04 section 10.1). Memory: the size of the file, at most `limitBytes` and a byte. */
export async function readRegularFile(path: NativePath, limitBytes: number): Promise<Uint8Array> {
  const opened = await openRegularFile(placeOf(path), "readFile");
  await using handle = opened.handle;
  const tooLarge = () =>
    new FileRefusedError(`file is too large to read: limit is ${limitBytes} bytes`, "readFile", path);
  if (opened.stats.size > BigInt(limitBytes)) throw tooLarge();

  // Awaited here, so that the handle is closed after the last read.
  return await attempt("readFile", path, async () => {
    const sizeBytes = Number(opened.stats.size);
    // One byte more than it says: the read that fills the file also finds out whether it has grown.
    let buffer = Buffer.allocUnsafeSlow(sizeBytes === 0 ? guessBytes : sizeBytes + 1);
    let filled = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, null);
      if (bytesRead === 0) return buffer.subarray(0, filled);
      filled += bytesRead;
      if (filled > limitBytes) throw tooLarge();
      if (filled === buffer.length) buffer = Buffer.concat([buffer, Buffer.allocUnsafeSlow(buffer.length)]);
    }
  });
}
