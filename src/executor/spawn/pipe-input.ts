import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { BrokenStdinError } from "../../ports/process-host.ts";
import type { ChildInput } from "./child-input.ts";
import { errnoName } from "./os-error.ts";

/**
 * A child's stdin as a pipe. That the child closed it shows with the next write: the kernel says nothing earlier.
 */
export class PipeInput implements ChildInput {
  readonly #socket: Socket;
  readonly #fd: number | null;
  readonly #isUnread: (fd: number) => boolean;

  /**
   * @param end our end: a descriptor, or the socket that Node made where there are no real pipes
   * @param closed called once, when no byte can arrive any more
   * @param isUnread has the pipe behind a descriptor lost its last reader?
   */
  constructor(end: number | Socket, closed: () => void, isUnread: (fd: number) => boolean = isFifoUnread) {
    this.#isUnread = isUnread;
    this.#fd = typeof end === "number" ? end : null;
    this.#socket = typeof end === "number" ? new Socket({ fd: end, readable: false, writable: true }) : end;
    this.#socket.on("error", () => undefined); // each write hears of it, and `close` follows
    this.#socket.once("close", closed);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#socket.destroyed) return Promise.reject(stdinIsClosed("notApplied"));
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => {
        if (error) reject(stdinIsClosed("unknown", error));
        else resolve();
      });
    });
  }

  end(): void {
    this.#socket.end();
  }

  childExited(): void {
    if (this.#fd !== null && !this.#socket.destroyed && this.#isUnread(this.#fd)) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}

function stdinIsClosed(effect: "notApplied" | "unknown", cause?: unknown): BrokenStdinError {
  return new BrokenStdinError("the child's stdin is closed", { effect, cause });
}

/** Linux: opening a fifo for writing fails when it has no reader. Elsewhere the next write tells. */
function isFifoUnread(fd: number): boolean {
  if (process.platform !== "linux") return false;
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    return errnoName(error) === "ENXIO";
  }
}
