import { FileError, FileRefusedError, type OpenFile } from "../../ports/file-host.ts";
import { type HelperCall, offsetFromText, pathFromBytes, pathToBytes } from "../../protocol/file-helper/calls.ts";
import { nodeFileHost } from "../files/node-file-host.ts";

/** Where answers go. */
export interface AnswerSink {
  expect(call: number, bytes: number): void;
  /** The bytes are gone after this returns. */
  piece(call: number, bytes: Uint8Array): void;
  done(call: number, result: unknown): void;
  failed(call: number, failure: object): void;
}

/** What files are read through: as large as a block may be. */
const bufferBytes = 1024 * 1024;

/** Does file operations as they are asked for, all at the same time. */
export class FileCalls {
  readonly #sink: AnswerSink;
  /** From the moment they were asked for. */
  readonly #open = new Map<number, Promise<OpenFile>>();
  /** Kept for the next reader; several at once have one each. */
  #buffer: Buffer | null = null;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Begins one operation; its answer goes to the sink. */
  run(number: number, call: HelperCall, content: Buffer): void {
    this.#run(number, call, content).then(
      (result) => this.#sink.done(number, result ?? {}),
      (error: unknown) => this.#sink.failed(number, failureOf(error)),
    );
  }

  async #run(number: number, call: HelperCall, content: Buffer): Promise<unknown> {
    const files = nodeFileHost;
    switch (call.op) {
      case "readFile":
        return this.#readFile(number, call);
      case "writeFile":
        return files.writeFile(pathFromBytes(call.path), content, { atomic: call.atomic });
      case "createDirectory":
        return files.createDirectory(pathFromBytes(call.path), call);
      case "metadata": {
        const found = await files.metadata(pathFromBytes(call.path));
        return { ...found, size: typeof found.size === "bigint" ? String(found.size) : found.size };
      }
      case "canonicalize":
        return { path: pathToBytes(await files.canonicalize(pathFromBytes(call.path))) };
      case "readDirectory": {
        const entries = await files.readDirectory(pathFromBytes(call.path));
        return entries.map(({ name, isDirectory, isFile }) => [pathToBytes(name), isDirectory, isFile]);
      }
      case "remove":
        return files.remove(pathFromBytes(call.path), call);
      case "copy":
        return files.copy(pathFromBytes(call.path), pathFromBytes(call.destination), call);
      case "walk":
        return this.#walk(call);
      case "open":
        return this.#openFile(call);
      case "readBlock":
        return this.#readBlock(number, call);
      case "writeBlock":
        return (await this.#opened(call.handle)).write(offsetFromText(call.offset), content);
      case "close": {
        const file = this.#open.get(call.handle);
        this.#open.delete(call.handle);
        return (await file)?.close();
      }
    }
  }

  /** Loads what nothing else needs: a helper is to be up quickly. */
  async #walk({ root, limits }: Extract<HelperCall, { op: "walk" }>): Promise<unknown> {
    const { PathUri } = await import("../../protocol/path-uri/index.ts");
    return nodeFileHost.walk(PathUri.parse(root), limits);
  }

  async #readFile(number: number, call: Extract<HelperCall, { op: "readFile" }>): Promise<void> {
    const buffer = this.#takeBuffer();
    try {
      await nodeFileHost.readFile(pathFromBytes(call.path), {
        limitBytes: call.limitBytes,
        buffer,
        expect: (bytes) => this.#sink.expect(number, bytes),
        take: (piece) => this.#sink.piece(number, piece),
      });
    } finally {
      this.#buffer = buffer;
    }
  }

  async #readBlock(number: number, call: Extract<HelperCall, { op: "readBlock" }>): Promise<{ readonly read: number }> {
    const buffer = this.#takeBuffer();
    try {
      const file = await this.#opened(call.handle);
      const read = await file.read(offsetFromText(call.offset), buffer.subarray(0, call.length));
      this.#sink.piece(number, buffer.subarray(0, read));
      return { read };
    } finally {
      this.#buffer = buffer;
    }
  }

  async #openFile({ handle, path, mode }: Extract<HelperCall, { op: "open" }>): Promise<void> {
    const file = nodeFileHost.open(pathFromBytes(path), mode);
    this.#open.set(handle, file);
    try {
      await file;
    } catch (error) {
      this.#open.delete(handle);
      throw error;
    }
  }

  #opened(handle: number): Promise<OpenFile> {
    const file = this.#open.get(handle);
    if (file === undefined) throw new Error(`no file is open as ${handle}`);
    return file;
  }

  #takeBuffer(): Buffer {
    const buffer = this.#buffer ?? Buffer.allocUnsafeSlow(bufferBytes);
    this.#buffer = null;
    return buffer;
  }
}

function failureOf(error: unknown): object {
  if (error instanceof FileError) {
    return { kind: "error", errno: error.errno, op: error.op, path: pathToBytes(error.path) };
  }
  if (error instanceof FileRefusedError) {
    return { kind: "refused", message: error.message, op: error.op, path: pathToBytes(error.path) };
  }
  return { kind: "fault", message: error instanceof Error ? error.message : String(error) };
}
