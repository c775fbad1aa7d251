import type { LinkActor } from "../actors/link-actor.ts";
import { TooLargeError } from "../actors/link-errors.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import type { OpenMode } from "../protocol/files.ts";
import { LARGEST_SENT_BYTES } from "../transports/message-limits.ts";
import type { FileOptions } from "./file-options.ts";
import { type ReadRange, readStream, writeStream } from "./file-streams.ts";
import { RemoteFileHandle, type WirePlace } from "./remote-file-handle.ts";
import { pathFromWire, pathToWire, type RemotePath } from "./remote-path.ts";
import { sandboxToWire } from "./sandbox.ts";
import { download } from "./transfer/download.ts";
import type { TransferOptions, TransferSummary } from "./transfer/transfer.ts";
import { upload } from "./transfer/upload.ts";
import { type WalkedEntry, walkTree } from "./walk-tree.ts";

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

/** What the files of a link need of it. */
export interface RemoteFilesPorts {
  readonly random: Random;
  readonly cwd: RemotePath;
}

/**
 * The files of an executor. Every call rejects with an RpcError for what the executor refuses, `notFound` and others, and with a
 * SandboxError for a `sandbox` that means nothing.
 */
export class RemoteFiles {
  readonly #link: LinkActor;
  readonly #ports: RemoteFilesPorts;

  /** Made by the link. */
  constructor(link: LinkActor, ports: RemoteFilesPorts) {
    this.#link = link;
    this.#ports = ports;
  }

  /** The whole content of a regular file. */
  async readFile(path: RemotePath, options: FileOptions = {}): Promise<Uint8Array> {
    const { dataBase64 } = await this.#link.call("fs/readFile", this.#at(path, options), options);
    return dataBase64;
  }

  /** The whole content as text; throws a TypeError when it is not UTF-8. */
  async readTextFile(path: RemotePath, options: FileOptions = {}): Promise<string> {
    return new TextDecoder("utf-8", { fatal: true }).decode(await this.readFile(path, options));
  }

  /**
   * Creates or replaces a file, through links; its mode stays. With `atomic` in one step: at any time it has the old content or the new;
   * other hard links keep the old (04 F-21).
   * @throws TooLargeError above 45 MiB; nothing was sent then. UnsupportedError for `atomic` where the executor cannot.
   */
  async writeFile(
    path: RemotePath,
    data: string | Uint8Array,
    options: FileOptions & { readonly atomic?: boolean } = {},
  ): Promise<void> {
    const { atomic = false } = options;
    if (atomic) this.#link.require("atomicWrites");
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    if (bytes.length > writeLimitBytes) throw new TooLargeError("fs/writeFile", bytes.length, writeLimitBytes);
    const params = { ...this.#at(path, options), dataBase64: encodeBase64(bytes), ...(atomic && { atomic }) };
    await this.#link.call("fs/writeFile", params, options);
  }

  /**
   * The bytes of a regular file, or of a part of it, of any size. A lost connection is a pause; a file that was changed in
   * that pause fails the stream with a FileChangedError.
   */
  createReadStream(path: RemotePath, options: FileOptions & ReadRange = {}): ReadableStream<Uint8Array> {
    return readStream(() => this.#handle(path, "read", options), options);
  }

  /**
   * Creates a file, or replaces its content from the first byte on, through links; its mode stays. Not atomic: an abort leaves
   * what was written. Needs the extension `writeBlocks`.
   * @throws UnsupportedError where the executor takes files only whole: use `writeFile` there.
   */
  createWriteStream(path: RemotePath, options: FileOptions = {}): WritableStream<string | Uint8Array> {
    this.#link.require("writeBlocks");
    return writeStream(() => this.#handle(path, "replace", options));
  }

  /** Makes a directory and, unless told otherwise, its parents; then an existing one is fine. */
  async createDirectory(path: RemotePath, options: FileOptions & { readonly recursive?: boolean } = {}): Promise<void> {
    const { recursive = true } = options;
    await this.#link.call("fs/createDirectory", { ...this.#at(path, options), recursive }, options);
  }

  /** What is at a path. */
  async stat(path: RemotePath, options: FileOptions = {}): Promise<RemoteFileInfo> {
    const info = await this.#link.call("fs/getMetadata", this.#at(path, options), options);
    return { ...info, size: Number(info.size) };
  }

  /** The path with every link resolved. */
  async realpath(path: RemotePath, options: FileOptions = {}): Promise<string> {
    return pathFromWire((await this.#link.call("fs/canonicalize", this.#at(path, options), options)).path);
  }

  /** The entries of a directory, in no particular order. */
  async list(path: RemotePath, options: FileOptions = {}): Promise<RemoteDirectoryEntry[]> {
    const { entries } = await this.#link.call("fs/readDirectory", this.#at(path, options), options);
    return entries.map(({ fileName, isDirectory, isFile }) => ({ name: fileName, isDirectory, isFile }));
  }

  /** Removes a file or link; a directory only with `recursive`. A missing path is an error unless `force` is set. */
  async remove(
    path: RemotePath,
    options: FileOptions & { readonly recursive?: boolean; readonly force?: boolean } = {},
  ): Promise<void> {
    const { recursive = false, force = false } = options;
    await this.#link.call("fs/remove", { ...this.#at(path, options), recursive, force }, options);
  }

  /** Copies a file or link; a directory only with `recursive`. */
  async copy(
    source: RemotePath,
    destination: RemotePath,
    options: FileOptions & { readonly recursive?: boolean } = {},
  ): Promise<void> {
    const { recursive = false } = options;
    const paths = { sourcePath: pathToWire(source), destinationPath: pathToWire(destination) };
    await this.#link.call("fs/copy", { ...paths, ...this.#confined(options), recursive }, options);
  }

  /**
   * Everything below a directory, as far as the consumer asks for it: directories and regular files, no links, and what cannot be looked
   * at as an entry of its own (04 part C). There is no limit to the size of the tree; memory grows with the largest directory.
   */
  walk(path: RemotePath, options: FileOptions = {}): AsyncIterableIterator<WalkedEntry> {
    return walkTree(this.#link, this.#at(path, options), options);
  }

  /**
   * Copies a local directory, and all below it, into a directory of the executor, which is made if it is not there; files of the same
   * name are replaced. Some files are under way at once, in bounded memory; a lost connection is a pause. Symbolic links and special
   * files are not sent but told of in the summary; modes do not travel.
   */
  upload(localDirectory: string, remoteDirectory: RemotePath, options: TransferOptions = {}): Promise<TransferSummary> {
    return upload(this, localDirectory, remoteDirectory, options);
  }

  /**
   * The other way round. Each file appears whole, when all of it has come. A link to something inside the tree becomes a relative link;
   * one that leads out of it is not followed but told of in the summary.
   */
  download(
    remoteDirectory: RemotePath,
    localDirectory: string,
    options: TransferOptions = {},
  ): Promise<TransferSummary> {
    return download(this, remoteDirectory, localDirectory, { ...options, random: this.#ports.random });
  }

  #handle(path: RemotePath, mode: OpenMode, options: FileOptions): RemoteFileHandle {
    const { signal } = options;
    return new RemoteFileHandle(this.#link, this.#at(path, options), mode, { random: this.#ports.random, signal });
  }

  #at(path: RemotePath, options: FileOptions): WirePlace {
    return { path: pathToWire(path), ...this.#confined(options) };
  }

  #confined({ sandbox, cwd }: FileOptions): Omit<WirePlace, "path"> {
    return sandbox === undefined ? {} : { sandbox: sandboxToWire(sandbox, pathToWire(cwd ?? this.#ports.cwd)) };
  }
}
