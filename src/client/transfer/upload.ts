import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { UnsupportedError } from "../../actors/link-errors.ts";
import { PathUri } from "../../protocol/path-uri/index.ts";
import { pathToWire, type RemotePath } from "../remote-path.ts";
import {
  eachAtOnce,
  smallFileBytes,
  type TransferOptions,
  type TransferSummary,
  TransferTally,
  type TreeFiles,
} from "./transfer.ts";

interface LocalFile {
  readonly local: string;
  readonly remote: string;
  /** Below the directory. */
  readonly path: string;
  readonly bytes: number;
}

/** Sends a local directory, and all below it (see `RemoteFiles.upload`). */
export async function upload(
  files: TreeFiles,
  localDirectory: string,
  remoteDirectory: RemotePath,
  options: TransferOptions,
): Promise<TransferSummary> {
  const tally = new TransferTally(options);
  const { sandbox, cwd } = options;

  /** Makes each directory before anything in it is told of. */
  async function* found(local: string, remote: string, below: string, signal: AbortSignal): AsyncGenerator<LocalFile> {
    await files.createDirectory(remote, { sandbox, cwd, signal });
    for (const entry of await readdir(local, { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      const next = { local: join(local, entry.name), remote: PathUri.parse(remote).join(entry.name).canonical };
      if (entry.isDirectory()) {
        tally.directories += 1;
        yield* found(next.local, next.remote, path, signal);
      } else if (entry.isFile()) {
        const { size: bytes } = await lstat(next.local);
        tally.found(bytes);
        yield { ...next, path, bytes };
      } else tally.skip(path, entry.isSymbolicLink() ? "link" : "special");
    }
  }

  async function* all(signal: AbortSignal): AsyncGenerator<LocalFile> {
    yield* found(localDirectory, pathToWire(remoteDirectory), "", signal);
    tally.counted();
  }

  await eachAtOnce(all, options, async ({ local, remote, path, bytes }, signal) => {
    const terms = { sandbox, cwd, signal };
    const stream = bytes > smallFileBytes ? streamTo(files, remote, terms) : null;
    if (stream === null) {
      const content = await readFile(local, { signal });
      await files.writeFile(remote, content, terms);
      return tally.finished(path, content.length);
    }
    const source = Readable.toWeb(
      createReadStream(local, { highWaterMark: smallFileBytes }),
    ) as ReadableStream<Uint8Array>; // of bytes, without an encoding
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        controller.enqueue(piece);
        tally.moved(path, piece.length);
      },
    });
    await source.pipeThrough(counting).pipeTo(stream, { signal });
    tally.finished(path, 0);
  });
  return tally.summary;
}

/** `null` where the executor takes files only whole. */
function streamTo(files: TreeFiles, path: string, terms: TransferOptions): WritableStream<string | Uint8Array> | null {
  try {
    return files.createWriteStream(path, terms);
  } catch (error) {
    if (error instanceof UnsupportedError) return null;
    throw error;
  }
}
