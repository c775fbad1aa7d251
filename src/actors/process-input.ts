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
  #state: "none" | "open" | "closed";

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
    if (this.#state === "closed") return "stdinClosed";
    const offer = await this.#queue.offer(bytes, () => this.#remember(writeId), signal);
    if (offer === "full")
      throw rpcError("invalidRequest", `too many writes wait for process ${this.#processId} to read`);
    if (offer === "broken") throw rpcError("internalError", "failed to write to process stdin");
    return "accepted";
  }

  /** No more comes: the child sees the end once it has read what was written before. False: there is nothing to close. */
  close(): boolean {
    if (this.#state !== "open") return false;
    this.#state = "closed";
    this.#queue.finish(() => this.#child()?.endInput());
    return true;
  }

  /** Stdin is gone: what waits and what comes vanishes (a natural end) or is refused (a terminate). */
  end(fate: "vanish" | "broken"): void {
    this.#queue.end(fate);
  }

  /** False when the id came in another way while this write waited. */
  #remember(writeId: string): boolean {
    if (this.#writes.has(writeId)) return false;
    this.#writes.remember(writeId);
    return true;
  }
}
