import { readSync } from "node:fs";
import type { Socket } from "node:net";
import type { ChildListener } from "../../ports/process-host.ts";
import type { OutputStream } from "../../protocol/process.ts";

/** One read; also the most that a pipe holds by default. */
const readBytes = 64 * 1024;
/** The most that is taken at the exit: a surviving descendant that writes without end must not hold the exit back. */
const drainLimitBytes = 1024 * 1024;

const drainBuffer = Buffer.allocUnsafeSlow(readBytes);

/**
 * Reads one stream of a child until its last holder is gone, and hands on each chunk as it was read. While paused at most
 * 64 KiB are read ahead, then the child blocks.
 */
export class ChildOutput {
  readonly #stream: OutputStream;
  readonly #socket: Socket;
  readonly #fd: number | null;
  readonly #listener: ChildListener;

  /**
   * @param socket takes its descriptor with it when it ends
   * @param fd the descriptor beneath `socket` if it does not block, so that it can also be read at once; or `null`
   */
  constructor(stream: OutputStream, socket: Socket, fd: number | null, listener: ChildListener) {
    this.#stream = stream;
    this.#socket = socket;
    this.#fd = fd;
    this.#listener = listener;
    socket.on("data", (bytes: Buffer) => listener.output(stream, bytes));
    // How a terminal ends: EIO. Whatever else fails ends the stream just the same, and `close` follows.
    socket.on("error", () => undefined);
    socket.once("close", () => listener.ended(stream));
  }

  /** The child blocks once what lies between is full. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume();
  }

  /** Reads what is there without waiting, so that it comes before the exit (02 S-9); nothing while paused. */
  drain(): void {
    for (let taken = 0; taken < drainLimitBytes && this.#canDrain(); ) {
      const length = this.#readNow();
      if (length === 0) return;
      taken += length;
      this.#listener.output(this.#stream, Uint8Array.prototype.slice.call(drainBuffer, 0, length));
    }
  }

  /** Closes the descriptor; the end is reported as any other. */
  close(): void {
    this.#socket.destroy();
  }

  #canDrain(): boolean {
    const { destroyed, readableEnded, readableLength } = this.#socket;
    return this.#fd !== null && !destroyed && !readableEnded && readableLength === 0 && !this.#socket.isPaused();
  }

  /** Zero when nothing is there now or nothing will come; the socket finds out which. */
  #readNow(): number {
    if (this.#fd === null) return 0;
    try {
      return readSync(this.#fd, drainBuffer);
    } catch {
      return 0; // EAGAIN: nothing there; EIO: a terminal at its end
    }
  }
}
