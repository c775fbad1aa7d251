import { createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Observatory } from "./observatory.ts";
import { RecordingError } from "./recording-error.ts";
import { RecordingLines } from "./recording-lines.ts";

/** Above so many bytes that the disk has not taken, nothing more is put into words; what is skipped for that is told. */
const waterBytes = 4 * 1024 * 1024;

/** A recording that is being written. */
export interface RecordingFile extends AsyncDisposable {
  /** Resolves when it is complete and closed. Idempotent. @throws RecordingError when it could not be written */
  close(): Promise<void>;
}

/**
 * Writes the history of a program to a file, readable by this user alone, until it is closed. A file that is there already is
 * overwritten. Nothing waits for a slow disk: what does not fit is skipped, and the recording says so.
 * @throws RecordingError when the file cannot be created
 */
export async function recordToFile(
  observatory: Observatory,
  path: string,
  onError: (error: RecordingError) => void,
): Promise<RecordingFile> {
  const file = await open(path, "w", 0o600).catch((cause: unknown) => {
    throw new RecordingError(`cannot record to ${path}: ${textOf(cause)}`, { cause });
  });
  const stream = createWriteStream("", { fd: file, highWaterMark: waterBytes });
  return new OpenRecording(observatory, path, stream, onError);
}

class OpenRecording implements RecordingFile {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #watching: Disposable;
  readonly #lines: RecordingLines;
  readonly #observatory: Observatory;
  #failure: RecordingError | null = null;
  #closing: Promise<void> | null = null;

  constructor(observatory: Observatory, path: string, stream: WriteStream, onError: (error: RecordingError) => void) {
    this.#observatory = observatory;
    this.#path = path;
    this.#stream = stream;
    stream.on("error", (cause) => {
      this.#failure = new RecordingError(`cannot go on recording to ${this.#path}: ${textOf(cause)}`, { cause });
      this.#watching[Symbol.dispose]();
      onError(this.#failure);
    });
    const watching = observatory.watch({
      pulse: () => this.#write(this.#lines.read()),
      printed: (actor) => this.#write(this.#lines.readPrinted(actor)),
    });
    this.#watching = watching;
    this.#lines = new RecordingLines(() => observatory.header, watching.log, observatory.hub);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#observatory.pulse();
    this.#watching[Symbol.dispose]();
    if (this.#failure === null) {
      const ended = Promise.withResolvers<void>();
      this.#stream.once("error", () => ended.resolve());
      this.#stream.end(() => ended.resolve());
      await ended.promise;
    }
    if (this.#failure !== null) throw this.#failure;
  }

  #write(lines: Iterable<string>): void {
    if (this.#stream.writableLength > waterBytes || this.#stream.destroyed) return;
    let text = "";
    for (const line of lines) {
      text += line;
      if (text.length < 64 * 1024) continue;
      this.#stream.write(text);
      text = "";
    }
    if (text !== "") this.#stream.write(text);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
