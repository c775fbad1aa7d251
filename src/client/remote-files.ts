import type { LinkActor } from "../actors/link-actor.ts";
import { TooLargeError } from "../actors/link-errors.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import type { OpenMode } from "../protocol/files.ts";
import { LARGEST_SENT_BYTES } from "../transports/message-limits.ts";
import { type ReadRange, readStream, writeStream } from "./file-streams.ts";
import { RemoteFileHandle } from "./remote-file-handle.ts";
import { pathFromWire, pathToWire, type RemotePath } from "./remote-path.ts";

/** What is at a path, of the target where it is a link (04 F-23). */
export interface RemoteFileInfo {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  /** The path itself is a link. */
  readonly isSymlink: boolean;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970; 0 when the executor does not know (04 F-26). */
  readonly createdAtMs: number;
  /** Milliseconds since 1970. */
  readonly modifiedAtMs: number;
}

/** An entry of a directory, its kind that of the target of a link. */
export interface RemoteDirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isFile: boolean;
}

/** The most that one `writeFile` can send: base64 of it and its envelope fit one message (03 D-15). */
export const writeLimitBytes = Math.floor((LARGEST_SENT_BYTES - 64 * 1024) / 4) * 3;

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The files of an executor. Every call rejects with an RpcError for what the executor refuses: `notFound` and others. */
export class RemoteFiles {
  readonly #link: LinkActor;
  readonly #random: Random;

  /** Made by the link. */
  constructor(link: LinkActor, random: Random) {
    this.#link = link;
    this.#random = random;
  }

  /** The whole content of a regular file. */
  async readFile(path: RemotePath, options: CallOptions = {}): Promise<Uint8Array> {
    const { dataBase64 } = await this.#link.call("fs/readFile", { path: pathToWire(path) }, options);
    return dataBase64;
  }

  /** The whole content as text; throws a TypeError when it is not UTF-8. */
  async readTextFile(path: RemotePath, options: CallOptions = {}): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true }).decode(await this.readFile(path, options));
  }

  /**
   * Creates or replaces a file, through links; its mode stays.
   * @throws TooLargeError above 45 MiB; nothing was sent then.
   */
  async writeFile(path: RemotePath, data: string | Uint8Array, options: CallOptions = {}): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    if (bytes.length > writeLimitBytes) throw new TooLargeError("fs/writeFile", bytes.length, writeLimitBytes);
    await this.#link.call("fs/writeFile", { path: pathToWire(path), dataBase64: encodeBase64(bytes) }, options);
  }

  /**
   * The bytes of a regular file, or of a part of it, of any size. A lost connection is a pause; a file that was changed in
   * that pause fails the stream with a FileChangedError.
   */
  createReadStream(path: RemotePath, options: CallOptions & ReadRange = {}): ReadableStream<Uint8Array> {
    return readStream(() => this.#handle(path, "read", options.signal), options);
  }

  /**
   * Creates a file, or replaces its content from the first byte on, through links; its mode stays. Not atomic: an abort leaves
   * what was written. Needs the extension `writeBlocks`.
   * @throws UnsupportedError where the executor takes files only whole: use `writeFile` there.
   */
  createWriteStream(path: RemotePath, options: CallOptions = {}): WritableStream<string | Uint8Array> {
    this.#link.require("writeBlocks");
    return writeStream(() => this.#handle(path, "replace", options.signal));
  }

  /** Makes a directory and, unless told otherwise, its parents; then an existing one is fine. */
  async createDirectory(path: RemotePath, options: CallOptions & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = true, ...call } = options;
    await this.#link.call("fs/createDirectory", { path: pathToWire(path), recursive }, call);
  }

  /** What is at a path. */
  async stat(path: RemotePath, options: CallOptions = {}): Promise<RemoteFileInfo> {
    const info = await this.#link.call("fs/getMetadata", { path: pathToWire(path) }, options);
    return { ...info, size: Number(info.size) };
  }

  /** The path with every link resolved. */
  async realpath(path: RemotePath, options: CallOptions = {}): Promise<string> {
    return pathFromWire((await this.#link.call("fs/canonicalize", { path: pathToWire(path) }, options)).path);
  }

  /** The entries of a directory, in no particular order. */
  async list(path: RemotePath, options: CallOptions = {}): Promise<RemoteDirectoryEntry[]> {
    const { entries } = await this.#link.call("fs/readDirectory", { path: pathToWire(path) }, options);
    return entries.map(({ fileName, isDirectory, isFile }) => ({ name: fileName, isDirectory, isFile }));
  }

  /** Removes a file or link; a directory only with `recursive`. A missing path is an error unless `force` is set. */
  async remove(
    path: RemotePath,
    options: CallOptions & { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const { recursive = false, force = false, ...call } = options;
    await this.#link.call("fs/remove", { path: pathToWire(path), recursive, force }, call);
  }

  /** Copies a file or link; a directory only with `recursive`. */
  async copy(
    source: RemotePath,
    destination: RemotePath,
    options: CallOptions & { readonly recursive?: boolean } = {},
  ): Promise<void> {
    const { recursive = false, ...call } = options;
    const paths = { sourcePath: pathToWire(source), destinationPath: pathToWire(destination) };
    await this.#link.call("fs/copy", { ...paths, recursive }, call);
  }

  #handle(path: RemotePath, mode: OpenMode, signal: AbortSignal | undefined): RemoteFileHandle {
    return new RemoteFileHandle(this.#link, pathToWire(path), mode, { random: this.#random, signal });
  }
}
