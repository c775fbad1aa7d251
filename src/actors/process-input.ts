import type { Child, ChildSpec } from "../ports/process-host.ts";
import { rpcError } from "../protocol/errors.ts";
import type { WriteStatus } from "../protocol/process.ts";
import { StdinQueue } from "./stdin-queue.ts";
import { WriteLedger } from "./write-ledger.ts";

/** The stdin of one process: what waits to be read, which writes were taken already, and whether more can come (02 section 6). */
export class ProcessInput {
  readonly #processId: string;
  readonly #child: () => Child | null;
  readonly #writes = new WriteLedger();
  readonly #queue: StdinQueue;
  /** `ending`: no more is taken, and what was taken is on its way. */
  #state: "none" | "open" | "ending";

  /** @param child the one that reads, once it runs */
  constructor(processId: string, stdin: ChildSpec["stdin"], child: () => Child | null) {
    this.#processId = processId;
    this.#child = child;
    this.#state = stdin === "none" ? "none" : "open";
    this.#queue = new StdinQueue((bytes) => child()?.write(bytes) ?? Promise.reject(new Error("no child")));
  }

  /** Queues bytes, each write id once. */
  async write(writeId: string, bytes: Uint8Array, signal: AbortSignal): Promise<WriteStatus> {
    if (this.#state === "none") return "stdinClosed";
    if (this.#writes.has(writeId)) return "accepted";
    if (this.#state === "ending") return "stdinClosed";
    const offer = await this.#queue.offer(bytes, () => this.#remember(writeId), signal);
    if (offer === "full")
      throw rpcError("invalidRequest", `too many writes wait for process ${this.#processId} to read`);
    if (offer === "closed") return "stdinClosed";
    if (offer === "broken") throw rpcError("internalError", "failed to write to process stdin");
    return "accepted";
  }

  /** No more comes: the child sees the end once it has read what was written before. False: there is nothing to close. */
  close(): boolean {
    if (this.#state !== "open") return false;
    this.#state = "ending";
    this.#queue.finish(() => this.#child()?.endInput());
    return true;
  }

  /** Nobody reads any more. Tells how many bytes were taken that the child never got, or not all of them (03 D-11). */
  lost(): number {
    this.#queue.end("closed");
    return this.#queue.lostBytes;
  }

  /** The process was terminated: whoever writes now did not know (02 P-50). */
  terminated(): void {
    this.#queue.end("broken");
  }

  /** A connection has resumed the session; it may repeat what was sent over the one before. */
  attached(): void {
    this.#writes.attached();
  }

  /** False when the id came in another way while this write waited. */
  #remember(writeId: string): boolean {
    if (this.#writes.has(writeId)) return false;
    this.#writes.remember(writeId);
    return true;
  }
}
