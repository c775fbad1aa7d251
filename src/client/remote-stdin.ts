import type { LinkActor } from "../actors/link-actor.ts";
import type { Random } from "../ports/random.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import { ProctorError, RpcError } from "../protocol/errors.ts";
import type { WriteStatus } from "../protocol/process.ts";

/** The process takes no input: it was started without stdin, or it is gone. */
export class StdinClosedError extends ProctorError {
  constructor(processId: string, why: string, options: ErrorOptions = {}) {
    super("stdinClosed", `the stdin of process ${processId} takes nothing: ${why}`, options);
  }
}

/** A write got through in part: what came before the failure was queued for the child. */
export class PartialWriteError extends ProctorError {
  /** How many of its bytes were queued at least. */
  readonly writtenBytes: number;

  constructor(writtenBytes: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super("partialWrite", `only ${writtenBytes} bytes were written: ${why}`, { cause, effect: "unknown" });
    this.writtenBytes = writtenBytes;
  }
}

/** Bounds of one stdin. */
export const stdinLimits = {
  /** A larger write is sent in pieces of this size, so that a message stays far below what the wire carries (01 W-12). */
  pieceBytes: 1024 * 1024,
  /** Pieces on their way at once: enough for speed, and a child that does not read leaves room on the link for others. */
  inFlight: 8,
} as const;

interface Piece {
  readonly writeId: string;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const utf8 = new TextEncoder();

/** The stdin of a remote process. Writes are delivered in the order of the calls, each exactly once, across any outage. */
export class RemoteStdin {
  readonly #link: LinkActor;
  readonly #processId: string;
  /** Write ids are remembered by process: two clients of one session must not count alike (03 CL-30). */
  readonly #writer: string;
  readonly #queue: Piece[] = [];
  readonly #waitingForEnd: (() => void)[] = [];
  #inFlight = 0;
  #writes = 0;

  constructor(processId: string, link: LinkActor, random: Random) {
    this.#link = link;
    this.#processId = processId;
    this.#writer = random.uuid();
  }

  /**
   * Sends text or bytes. Resolves when the executor has queued them for the child, which is not yet "read": when the child
   * does not read, this waits.
   * @throws StdinClosedError when nothing can be written any more; PartialWriteError when a large write failed half-way.
   */
  async write(data: string | Uint8Array, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const bytes = typeof data === "string" ? utf8.encode(data) : data;
    const sizes: Promise<number>[] = [];
    for (let start = 0; start < bytes.length; start += stdinLimits.pieceBytes) {
      const piece = bytes.subarray(start, start + stdinLimits.pieceBytes);
      sizes.push(this.#writePiece(piece, options.signal).then(() => piece.length));
    }
    const outcomes = await Promise.allSettled(sizes);
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) return;
    const written = outcomes.reduce((sum, outcome) => sum + (outcome.status === "fulfilled" ? outcome.value : 0), 0);
    throw written === 0 ? failure.reason : new PartialWriteError(written, failure.reason);
  }

  /**
   * Tells the program that no more comes, once it has read what was written before: a pipe is closed, on a terminal `^D` is
   * typed. Needs the extension `closeStdin`.
   * @throws UnsupportedError where the executor does not offer it: the wire of the reference cannot say it (02 P-15).
   */
  async end(): Promise<void> {
    this.#link.require("closeStdin");
    await this.#drained();
    await this.#link.call("process/closeStdin", { processId: this.#processId }, { isRepeatable: true });
  }

  /**
   * A web stream over `write` and `end`, for piping; its backpressure is the child's. Where the executor cannot be told the
   * end, closing the stream fails with an UnsupportedError: pipe with `preventClose` there.
   */
  writable(): WritableStream<string | Uint8Array> {
    return new WritableStream({ write: (data) => this.write(data), close: () => this.end() });
  }

  /** Resolves when every write so far has been answered. */
  #drained(): Promise<void> {
    if (this.#inFlight === 0 && this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForEnd.push(resolve));
  }

  #writePiece(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    this.#writes += 1;
    const writeId = `${this.#writer}:${this.#writes}`;
    return new Promise((resolve, reject) => {
      this.#queue.push({ writeId, bytes, signal, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < stdinLimits.inFlight) {
      const piece = this.#queue.shift();
      if (piece === undefined) return;
      this.#inFlight += 1;
      this.#send(piece)
        .then(piece.resolve, piece.reject)
        .finally(() => {
          this.#inFlight -= 1;
          this.#pump();
          if (this.#inFlight === 0) for (const resolve of this.#waitingForEnd.splice(0)) resolve();
        });
    }
  }

  /** One id for all its transmissions: the executor recognises a repeated write and does not apply it again (03 SS-52). */
  async #send({ writeId, bytes, signal }: Piece): Promise<void> {
    const params = { processId: this.#processId, writeId, chunk: encodeBase64(bytes) };
    try {
      const { status } = await this.#link.call("process/write", params, { signal, isRepeatable: true });
      if (status !== "accepted") throw new StdinClosedError(this.#processId, reasons[status]);
    } catch (error) {
      // The one internal error of a write: it came after a terminate (02 P-50).
      if (!(error instanceof RpcError && error.code === "internalError")) throw error;
      throw new StdinClosedError(this.#processId, "the process was terminated", { cause: error });
    }
  }
}

const reasons: Readonly<Record<Exclude<WriteStatus, "accepted">, string>> = {
  stdinClosed: "it was started without one, has closed it, or has exited",
  unknownProcess: "the process is gone",
  starting: "the process is still starting",
};
