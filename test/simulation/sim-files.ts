import type { Clock } from "../../src/ports/clock.ts";
import {
  type DirectoryEntry,
  FileError,
  type FileHost,
  type FileMetadata,
  type FileOperation,
  type FileReading,
  type NativePath,
  type OpenFile,
  type WalkFindings,
} from "../../src/ports/file-host.ts";

/** What an operation on a file costs, in milliseconds. */
const operationMs = 3;

/** Files in memory: enough to see how often something was written, and what. */
export class SimFiles implements FileHost {
  readonly os = "linux";
  readonly contents = new Map<string, Uint8Array>();
  /** How often each path was written. */
  readonly writes = new Map<string, number>();
  readonly #clock: Clock;
  readonly #trace: (text: string) => void;

  constructor(clock: Clock, trace: (text: string) => void) {
    this.#clock = clock;
    this.#trace = trace;
  }

  async readFile(path: NativePath, { expect, take }: FileReading): Promise<void> {
    const bytes = await this.#contentOf(path, "readFile");
    expect(bytes.length);
    take(bytes);
  }

  async writeFile(path: NativePath, bytes: Uint8Array): Promise<void> {
    await this.#work();
    const name = String(path);
    this.#trace(`${name} is written`);
    this.contents.set(name, bytes);
    this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
  }

  async createDirectory(path: NativePath): Promise<void> {
    throw new FileError("EROFS", "createDirectory", path);
  }

  async metadata(path: NativePath): Promise<FileMetadata> {
    throw new FileError("ENOENT", "getMetadata", path);
  }

  async canonicalize(path: NativePath): Promise<NativePath> {
    return path;
  }

  async readDirectory(): Promise<readonly DirectoryEntry[]> {
    return [];
  }

  async remove(path: NativePath): Promise<void> {
    throw new FileError("EROFS", "remove", path);
  }

  async copy(source: NativePath): Promise<void> {
    throw new FileError("EROFS", "copy", source);
  }

  async open(path: NativePath): Promise<OpenFile> {
    const bytes = await this.#contentOf(path, "open");
    return {
      path,
      write: () => Promise.reject(new FileError("EROFS", "writeBlock", path)),
      read: async (offset, block) => {
        await this.#work();
        const piece = bytes.subarray(Number(offset), Number(offset) + block.length);
        block.set(piece);
        return piece.length;
      },
      close: async () => undefined,
    };
  }

  async walk(): Promise<WalkFindings> {
    return { entries: [], errors: [], truncated: false };
  }

  async #contentOf(path: NativePath, op: FileOperation): Promise<Uint8Array> {
    await this.#work();
    const bytes = this.contents.get(String(path));
    if (bytes === undefined) throw new FileError("ENOENT", op, path);
    return bytes;
  }

  #work(): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, operationMs));
  }
}
