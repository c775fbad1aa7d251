import type { LinkActor } from "../actors/link-actor.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import { ProctorError, RpcError } from "../protocol/errors.ts";
import type { Result } from "../protocol/methods.ts";

/** The process takes no input: it was started without stdin, or it is gone. */
export class StdinClosedError extends ProctorError {
  constructor(processId: string, why: string, options: ErrorOptions = {}) {
    super("stdinClosed", `the stdin of process ${processId} takes nothing: ${why}`, options);
  }
}

/** A larger write is sent in pieces of this size, so that a message stays far below what the wire carries (01 W-12). */
const pieceBytes = 1024 * 1024;

const utf8 = new TextEncoder();

/** The stdin of a remote process. Writes are delivered in the order of the calls, each exactly once, across any outage. */
export class RemoteStdin {
  readonly #link: LinkActor;
  readonly #processId: string;
  /** Write ids are remembered by process: two clients of one session must not count alike (03 CL-30). */
  readonly #writer: string;
  #writes = 0;

  constructor(processId: string, link: LinkActor, random: Random) {
    this.#link = link;
    this.#processId = processId;
    this.#writer = random.uuid();
  }

  /**
   * Sends text or bytes. Resolves when the executor has queued them for the child, which is not yet "read": when the child
   * does not read, this waits.
   * @throws StdinClosedError when nothing can be written any more.
   */
  async write(data: string | Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const bytes = typeof data === "string" ? utf8.encode(data) : data;
    const pieces: Promise<void>[] = [];
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      pieces.push(this.#writePiece(bytes.subarray(start, start + pieceBytes), options.signal));
    }
    await Promise.all(pieces);
  }

  /** A web stream over `write`, for piping; its backpressure is the child's. Closing it does not close stdin (02 P-15). */
  writable(): WritableStream<string | Uint8Array> {
    return new WritableStream({ write: (data) => this.write(data) });
  }

  async #writePiece(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    this.#writes += 1;
    const writeId = `${this.#writer}:${this.#writes}`;
    const { status } = await this.#send({ processId: this.#processId, writeId, chunk: encodeBase64(bytes) }, signal);
    if (status === "accepted") return;
    if (status === "stdinClosed") throw new StdinClosedError(this.#processId, "it was started without one");
    if (status === "unknownProcess") throw new StdinClosedError(this.#processId, "the process is gone");
    throw new StdinClosedError(this.#processId, "the process is still starting");
  }

  /** One id for all its transmissions: the executor recognises a repeated write and does not apply it again (03 SS-52). */
  async #send(
    params: { readonly processId: string; readonly writeId: string; readonly chunk: string },
    signal: AbortSignal | undefined,
  ): Promise<Result<"process/write">> {
    try {
      return await this.#link.call("process/write", params, { signal, isRepeatable: true });
    } catch (error) {
      // The one internal error of a write: it came after a terminate (02 P-50).
      if (!(error instanceof RpcError && error.code === "internalError")) throw error;
      throw new StdinClosedError(this.#processId, "the process was terminated", { cause: error });
    }
  }
}
