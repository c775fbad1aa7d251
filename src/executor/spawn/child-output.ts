import { readSync } from "node:fs";
import type { OnReadOpts, Socket } from "node:net";
import type { ChildListener } from "../../ports/process-host.ts";
import type { OutputStream } from "../../protocol/process.ts";

/** One read; also the most that a pipe holds by default. */
const readBytes = 64 * 1024;
/** The most that is taken at the exit: a surviving descendant that writes without end must not hold the exit back. */
const drainLimitBytes = 1024 * 1024;

/** What every read of every child goes into: it is copied before the next. Left to Node, each would allocate 64 KiB. */
const readBuffer = Buffer.allocUnsafeSlow(readBytes);

/** What becomes of what was read. */
export interface ChunkTaker {
  /** The bytes stay as they are until this returns. */
  take(bytes: Uint8Array): void;
  /** Nothing may be held back any longer. */
  flush(): void;
}

/** Hands each chunk on as it was read. */
export function eachChunk(stream: OutputStream, listener: ChildListener): ChunkTaker {
  return { take: (bytes) => listener.output(stream, copyOf(bytes)), flush: () => undefined };
}

/** A copy that alone holds its memory, so that the log can free it. */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * Reads one stream of a child until its last holder is gone. While paused at most 64 KiB are read ahead, then the child
 * blocks.
 */
export class ChildOutput {
  readonly #socket: Socket;
  readonly #fd: number | null;
  readonly #chunks: ChunkTaker;

  /**
   * @param socket hands what it reads to `chunks`; it takes its descriptor with it when it ends
   * @param fd the descriptor beneath `socket` if it does not block, so that it can also be read at once; or `null`
   */
  constructor(socket: Socket, fd: number | null, chunks: ChunkTaker, onEnd: () => void) {
    this.#socket = socket;
    this.#fd = fd;
    this.#chunks = chunks;
    // How a terminal ends: EIO. Whatever else fails ends the stream just the same, and `close` follows.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      chunks.flush();
      onEnd();
    });
    socket.resume();
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
      if (length === 0) break;
      taken += length;
      this.#chunks.take(readBuffer.subarray(0, length));
    }
    this.#chunks.flush();
  }

  /** Closes the descriptor; the end is reported as any other. */
  close(): void {
    this.#chunks.flush(); // nobody may hear of anything later
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
      return readSync(this.#fd, readBuffer);
    } catch {
      return 0; // EAGAIN: nothing there; EIO: a terminal at its end
    }
  }
}

/**
 * Makes a socket read into the one buffer, and hand on from there.
 * @param most that one read can give; one that gives as much is followed by another before the loop turns to anything else
 */
export function intoReadBuffer(chunks: ChunkTaker, most: number = readBytes): OnReadOpts {
  return {
    buffer: readBuffer.subarray(0, most),
    callback: (length, buffer) => {
      chunks.take(buffer.subarray(0, length));
      return true;
    },
  };
}
