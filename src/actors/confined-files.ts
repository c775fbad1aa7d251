import type { FileConfinement } from "../ports/confinement.ts";
import type { HelperAccess } from "../ports/file-helper-host.ts";
import {
  FileHelperError,
  type FileHost,
  type FileReading,
  type NativePath,
  type OpenFile,
} from "../ports/file-host.ts";
import { helperResults } from "../protocol/file-helper/answers.ts";
import { type HelperCall, pathFromBytes, pathToBytes } from "../protocol/file-helper/calls.ts";
import type { OpenMode } from "../protocol/files.ts";
import type { PathHost } from "../protocol/path-uri/index.ts";
import { type CallTaker, type FileHelperActor, StaleHelperError } from "./file-helper.ts";
import type { FileHelpers } from "./file-helpers.ts";

/** An operation that is one step must be over by then (05 SB-F7); one on a tree takes as long as the tree. */
const stepLimitMs = 30_000;
/** So often the files may change between the plan of a helper and its start. */
const mostPlans = 5;

/** How an operation in a sandbox is done. */
interface CallOptions {
  readonly access: HelperAccess;
  readonly content?: Uint8Array;
  readonly taker?: CallTaker;
  readonly limitMs?: number | null;
}

/**
 * The files of a host as operations under one confinement see them, on behalf of one caller. Each method does what that of any FileHost
 * does, with the same code, inside a helper.
 * @param signal abandons what is under way: a helper that does nothing else is killed then (05 SB-F7)
 */
export function confinedFiles(
  helpers: FileHelpers,
  confinement: FileConfinement,
  { os }: PathHost,
  signal: AbortSignal | undefined,
): FileHost {
  /** What is on the host for the sake of an operation is gone before its answer (05 SB-L13). */
  async function taken<T>(access: HelperAccess, use: (helper: FileHelperActor) => Promise<T>): Promise<T> {
    for (let plans = 1; ; plans++) {
      const helper = await helpers.take(confinement, access, signal);
      try {
        return await use(helper);
      } catch (error) {
        if (!(error instanceof StaleHelperError) || plans === mostPlans) throw error;
      } finally {
        if (signal?.aborted !== true) await helper.cleared();
      }
    }
  }

  function run(call: HelperCall, { access, content, taker, limitMs = stepLimitMs }: CallOptions): Promise<unknown> {
    const terms = { limitMs, signal, ...(content && { content }), ...(taker && { taker }) };
    return taken(access, (helper) => helper.call(call, terms));
  }

  return {
    os,
    async readFile(path, reading) {
      await run(
        { op: "readFile", path: pathToBytes(path), limitBytes: reading.limitBytes },
        { access: "read", taker: bounded(reading) },
      );
    },
    async writeFile(path, bytes, options) {
      const atomic = options?.atomic ?? false;
      await run({ op: "writeFile", path: pathToBytes(path), atomic }, { access: "write", content: bytes });
    },
    async createDirectory(path, { recursive }) {
      await run({ op: "createDirectory", path: pathToBytes(path), recursive }, { access: "write" });
    },
    async metadata(path) {
      return helperResults.metadata.parse(await run({ op: "metadata", path: pathToBytes(path) }, { access: "read" }));
    },
    async canonicalize(path) {
      const found = await run({ op: "canonicalize", path: pathToBytes(path) }, { access: "read" });
      return pathFromBytes(helperResults.canonicalize.parse(found).path);
    },
    async readDirectory(path) {
      const entries = await run({ op: "readDirectory", path: pathToBytes(path) }, { access: "read" });
      return helperResults.readDirectory
        .parse(entries)
        .map(([name, isDirectory, isFile]) => ({ name: Buffer.from(name, "latin1"), isDirectory, isFile }));
    },
    async remove(path, { recursive, force }) {
      await run({ op: "remove", path: pathToBytes(path), recursive, force }, { access: "write", limitMs: null });
    },
    async copy(source, destination, { recursive }) {
      const paths = { path: pathToBytes(source), destination: pathToBytes(destination) };
      await run({ op: "copy", ...paths, recursive }, { access: "write", limitMs: null });
    },
    async walk(root, limits) {
      const found = await run({ op: "walk", root: root.canonical, limits }, { access: "read" });
      return helperResults.walk.parse(found);
    },
    open: (path, mode) =>
      taken(mode === "read" ? "read" : "write", (helper) => ConfinedOpenFile.open(helper, path, mode, signal)),
  };
}

/** What comes from inside a sandbox is not trusted with the limit either. */
function bounded({ limitBytes, expect, take }: FileReading): CallTaker {
  let total = 0;
  return {
    expect: (bytes) => expect(Math.min(bytes, limitBytes)),
    piece: (bytes) => {
      total += bytes.length;
      if (total > limitBytes) throw new FileHelperError(`more than ${limitBytes} bytes came from an fs sandbox helper`);
      take(bytes);
    },
  };
}

/** Files that are open in a helper have numbers, never the same twice. */
let handles = 0;

/** A file that a helper holds open, and a use of that helper as long as it is (05 SB-F10). */
class ConfinedOpenFile implements OpenFile {
  readonly path: NativePath;
  readonly #helper: FileHelperActor;
  readonly #handle: number;
  readonly #signal: AbortSignal | undefined;

  private constructor(helper: FileHelperActor, path: NativePath, handle: number, signal: AbortSignal | undefined) {
    this.#helper = helper;
    this.path = path;
    this.#handle = handle;
    this.#signal = signal;
  }

  /** @param helper with a use that has begun */
  static async open(
    helper: FileHelperActor,
    path: NativePath,
    mode: OpenMode,
    signal: AbortSignal | undefined,
  ): Promise<ConfinedOpenFile> {
    const handle = ++handles;
    helper.begin(); // as long as it is open
    try {
      const call: HelperCall = { op: "open", path: pathToBytes(path), mode, handle };
      await helper.call(call, { limitMs: stepLimitMs, signal });
      return new ConfinedOpenFile(helper, path, handle, signal);
    } catch (error) {
      helper.end();
      if (signal?.aborted === true) closeLate(helper, handle);
      throw error;
    }
  }

  async read(offset: number | bigint, block: Uint8Array): Promise<number> {
    let filled = 0;
    const piece = (bytes: Uint8Array) => {
      if (filled + bytes.length > block.length)
        throw new FileHelperError("more came from an fs sandbox helper than asked");
      block.set(bytes, filled);
      filled += bytes.length;
    };
    await this.#call(
      { op: "readBlock", handle: this.#handle, offset: String(offset), length: block.length },
      { taker: { piece } },
    );
    return filled;
  }

  async write(offset: number | bigint, bytes: Uint8Array): Promise<void> {
    await this.#call({ op: "writeBlock", handle: this.#handle, offset: String(offset) }, { content: bytes });
  }

  /** A helper that is gone has closed it. */
  async close(): Promise<void> {
    this.#helper.begin();
    try {
      await this.#helper.call({ op: "close", handle: this.#handle }, { limitMs: stepLimitMs });
    } catch (error) {
      if (!(error instanceof FileHelperError)) throw error;
    } finally {
      this.#helper.end();
    }
  }

  #call(call: HelperCall, more: { readonly content?: Uint8Array; readonly taker?: CallTaker }): Promise<unknown> {
    this.#helper.begin();
    return this.#helper.call(call, { ...more, limitMs: stepLimitMs, signal: this.#signal });
  }
}

/** Nobody waits for a file any more that may be opened yet; a helper that was killed for that has none. */
function closeLate(helper: FileHelperActor, handle: number): void {
  if (!helper.snapshot.hasTag("live")) return;
  helper.begin();
  helper.call({ op: "close", handle }, { limitMs: stepLimitMs }).catch(() => undefined);
}
