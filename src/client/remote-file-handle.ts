import type { LinkActor } from "../actors/link-actor.ts";
import { DisconnectedError } from "../actors/link-errors.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import { ProctorError, ProtocolError, RpcError } from "../protocol/errors.ts";
import type { OpenMode } from "../protocol/files.ts";
import type { WireParams } from "../protocol/methods.ts";

/** The longest block, in bytes (04 F-45). */
export const blockBytes = 1_048_576;

/** Blocks of one stream on their way at once: one at a time would wait out a round trip for each (04 F-50). */
export const blocksAhead = 4;

/** A file was changed by somebody else while its stream was cut off, so that its blocks would not fit together (03 D-5). */
export class FileChangedError extends ProctorError {
  /** Its URI. */
  readonly path: string;

  constructor(path: string) {
    super(
      "fileChanged",
      `${path} was changed while the connection was lost; what was read of it does not fit the rest`,
    );
    this.path = path;
  }
}

/** A path on the wire, and what the operation on it is confined to. */
export type WirePlace = Pick<WireParams<"fs/getMetadata">, "path" | "sandbox">;

/** What tells that a file is still the one that was opened. */
interface Identity {
  readonly size: number | bigint;
  readonly modifiedAtMs: number;
}

/**
 * A file that is read or written in blocks, across any number of connections: its handle is gone with each, so it is opened
 * again (04 F-44, 03 D-5). A file that is read must not have changed meanwhile.
 */
export class RemoteFileHandle {
  readonly #link: LinkActor;
  readonly #random: Random;
  readonly #place: WirePlace;
  readonly #signal: AbortSignal | undefined;
  /** How it is opened the next time: what was written stays. */
  #mode: OpenMode;
  #handleId: Promise<string>;
  /** The connection over which it was opened last. */
  #generation = 0;
  #identity: Identity | null = null;

  constructor(
    link: LinkActor,
    place: WirePlace,
    mode: OpenMode,
    options: { readonly random: Random; readonly signal: AbortSignal | undefined },
  ) {
    this.#link = link;
    this.#place = place;
    this.#mode = mode;
    this.#random = options.random;
    this.#signal = options.signal;
    this.#handleId = this.#open();
    // Whoever uses the handle first is told.
    this.#handleId.catch(() => undefined);
  }

  /** Resolves when it is open. */
  async opened(): Promise<void> {
    await this.#handleId;
  }

  /** Reads a block; a short one, and only that, is the last. */
  async read(offset: number, length: number): Promise<{ readonly bytes: Uint8Array; readonly isLast: boolean }> {
    const { chunk, eof } = await this.#overHandle((handleId) =>
      this.#link.call("fs/readBlock", { handleId, offset, len: length }, { signal: this.#signal }),
    );
    if (chunk.length > length || (chunk.length === 0 && !eof)) {
      throw new ProtocolError(
        `a block of ${length} bytes was asked for, ${chunk.length} came and more are said to follow`,
      );
    }
    return { bytes: chunk, isLast: eof };
  }

  /** Writes a block. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const chunk = encodeBase64(bytes);
    await this.#overHandle((handleId) =>
      this.#link.call("fs/writeBlock", { handleId, offset, chunk }, { signal: this.#signal }),
    );
  }

  /** Closes it; what is on its way arrives first. */
  async close(): Promise<void> {
    const handleId = await this.#handleId;
    await this.#link.call("fs/close", { handleId }, { cleanUp: true });
  }

  /** Closes it without waiting. Where that fails the handle goes with its connection. */
  release(): void {
    this.close().catch(() => undefined);
  }

  async #overHandle<T>(call: (handleId: string) => Promise<T>): Promise<T> {
    for (;;) {
      const handle = this.#handleId;
      try {
        return await call(await handle);
      } catch (error) {
        // A call that was cut off is not sent again by the link: it would find no handle, and carry its block for nothing.
        const isLost = error instanceof DisconnectedError || (isUnknownHandle(error) && !this.#isCurrent(handle));
        if (!isLost) throw error;
        this.#reopen(handle);
      }
    }
  }

  /** Was it opened over the connection that is in use now? */
  #isCurrent(handle: Promise<string>): boolean {
    return handle === this.#handleId && this.#generation === this.#link.state.generation;
  }

  /** Opens the file again, once for all who found their handle gone. */
  #reopen(lost: Promise<string>): void {
    if (lost !== this.#handleId) return;
    this.#handleId = this.#open();
    this.#handleId.catch(() => undefined);
  }

  async #open(): Promise<string> {
    const handleId = this.#random.uuid().replaceAll("-", "");
    const mode = this.#mode === "read" ? {} : { mode: this.#mode };
    await this.#link.call("fs/open", { handleId, ...this.#place, ...mode }, { signal: this.#signal });
    this.#generation = this.#link.state.generation;
    if (this.#mode === "read") await this.#checkIdentity();
    else this.#mode = "update";
    return handleId;
  }

  async #checkIdentity(): Promise<void> {
    const { size, modifiedAtMs } = await this.#link.call("fs/getMetadata", this.#place, { signal: this.#signal });
    const before = this.#identity;
    if (before !== null && (before.size !== size || before.modifiedAtMs !== modifiedAtMs)) {
      throw new FileChangedError(this.#place.path);
    }
    this.#identity = { size, modifiedAtMs };
  }
}

/** Handles go with their connection: a call that waited for the next one finds none (04 F-44). */
function isUnknownHandle(error: unknown): boolean {
  return error instanceof RpcError && error.code === "notFound" && error.message.includes("handle");
}
