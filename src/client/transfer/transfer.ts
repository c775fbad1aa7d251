import type { FileOptions } from "../file-options.ts";
import type { RemotePath } from "../remote-path.ts";

/** What a transfer needs of the files of an executor. */
export interface TreeFiles {
  list(
    path: RemotePath,
    options: FileOptions,
  ): Promise<readonly { readonly name: string; readonly isDirectory: boolean; readonly isFile: boolean }[]>;
  stat(
    path: RemotePath,
    options: FileOptions,
  ): Promise<{
    readonly isDirectory: boolean;
    readonly isFile: boolean;
    readonly isSymlink: boolean;
    readonly size: number;
  }>;
  realpath(path: RemotePath, options: FileOptions): Promise<string>;
  createDirectory(path: RemotePath, options: FileOptions): Promise<void>;
  readFile(path: RemotePath, options: FileOptions): Promise<Uint8Array>;
  writeFile(path: RemotePath, data: Uint8Array, options: FileOptions): Promise<void>;
  createReadStream(path: RemotePath, options: FileOptions): ReadableStream<Uint8Array>;
  createWriteStream(path: RemotePath, options: FileOptions): WritableStream<string | Uint8Array>;
}

/** How far a transfer has come. */
export interface TransferProgress {
  /** The file that has just moved on: its path below the directory, with `/`. */
  readonly path: string;
  /** Files that are complete. */
  readonly files: number;
  readonly bytes: number;
  /** What was found so far; all of it once `isCounted`. */
  readonly filesFound: number;
  readonly bytesFound: number;
  readonly isCounted: boolean;
}

/** How a directory is transferred. */
export interface TransferOptions extends FileOptions {
  /** Hears of every file that is complete, and of large ones in between. What it throws ends the transfer. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Files that are under way at once. Default 4. */
  readonly concurrency?: number | undefined;
}

/** Something that was left out. */
export interface SkippedEntry {
  /** Below the directory, with `/`. */
  readonly path: string;
  readonly reason: "link" | "special" | "name";
}

/** What was transferred. */
export interface TransferSummary {
  readonly files: number;
  /** Without the directory itself. */
  readonly directories: number;
  readonly links: number;
  readonly bytes: number;
  readonly skipped: readonly SkippedEntry[];
}

/** Files up to this size are sent in one call. */
export const smallFileBytes = 1024 * 1024;

/** Counts what was found and done, and tells. */
export class TransferTally {
  readonly #onProgress: TransferOptions["onProgress"];
  readonly #skipped: SkippedEntry[] = [];
  directories = 0;
  links = 0;
  #files = 0;
  #bytes = 0;
  #filesFound = 0;
  #bytesFound = 0;
  #isCounted = false;

  constructor({ onProgress }: TransferOptions) {
    this.#onProgress = onProgress;
  }

  get summary(): TransferSummary {
    const { directories, links } = this;
    return { files: this.#files, directories, links, bytes: this.#bytes, skipped: this.#skipped };
  }

  found(bytes: number): void {
    this.#filesFound += 1;
    this.#bytesFound += bytes;
  }

  /** Nothing more will be found. */
  counted(): void {
    this.#isCounted = true;
  }

  skip(path: string, reason: SkippedEntry["reason"]): void {
    this.#skipped.push({ path, reason });
  }

  /** Bytes have arrived. */
  moved(path: string, bytes: number): void {
    this.#bytes += bytes;
    this.#tell(path);
  }

  /** A file is complete; `bytes` of it were not told yet. */
  finished(path: string, bytes: number): void {
    this.#files += 1;
    this.#bytes += bytes;
    this.#tell(path);
  }

  #tell(path: string): void {
    this.#onProgress?.({
      path,
      files: this.#files,
      bytes: this.#bytes,
      filesFound: this.#filesFound,
      bytesFound: this.#bytesFound,
      isCounted: this.#isCounted,
    });
  }
}

/**
 * Does something with each item, some at once, each drawn when there is room for it. The first failure stops the others, and so does the
 * signal of whoever asked.
 */
export async function eachAtOnce<Item>(
  items: (signal: AbortSignal) => AsyncIterator<Item>,
  { concurrency = 4, signal: asked }: TransferOptions,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number above 0, not ${concurrency}`);
  }
  const failing = new AbortController();
  const signal = asked === undefined ? failing.signal : AbortSignal.any([asked, failing.signal]);
  signal.throwIfAborted();
  const source = items(signal);
  const worker = async () => {
    try {
      for (let next = await source.next(); next.done !== true; next = await source.next()) {
        signal.throwIfAborted();
        await work(next.value, signal);
      }
    } catch (error) {
      failing.abort(error);
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  const failure = ends.find((end) => end.status === "rejected");
  asked?.throwIfAborted();
  if (failure !== undefined) throw failing.signal.reason;
}
