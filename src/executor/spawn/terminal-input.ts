import { writeSync } from "node:fs";
import type { Clock } from "../../ports/clock.ts";
import { BrokenStdinError } from "../../ports/process-host.ts";
import type { ChildInput } from "./child-input.ts";
import { errnoName } from "./os-error.ts";

/** How long a full terminal is left alone before the next attempt: doubles from the first to the last. */
const shortestRetryMs = 1;
const longestRetryMs = 16;
/** Bytes written in one turn of the event loop: a child that reads as fast as we write must not keep us. */
const turnBytes = 256 * 1024;

const endOfTransmission = 0x04;
/** After one of these nothing of a line waits in the terminal. */
const lineEnds: readonly (number | undefined)[] = [0x0a, 0x0d, endOfTransmission];

interface Pending {
  readonly bytes: Uint8Array;
  written: number;
  readonly resolve: () => void;
  readonly reject: (error: BrokenStdinError) => void;
}

/**
 * What is typed into a terminal. A write never blocks (02 S-1): the descriptor answers "full", and then a timer tries again,
 * since Node offers no way to wait until a terminal takes more (libuv spins on writes to a terminal's master).
 * What waits is bounded by the caller, who awaits each write (02 P-49).
 */
export class TerminalInput implements ChildInput {
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #queue: Pending[] = [];
  readonly #closed: () => void;
  #retryMs = shortestRetryMs;
  #timer: unknown = null;
  #isClosed = false;
  #isWithinLine = false;

  /** @param closed called once, when no byte can arrive any more */
  constructor(fd: number, clock: Clock, closed: () => void) {
    this.#fd = fd;
    this.#clock = clock;
    this.#closed = closed;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isClosed) return Promise.reject(new BrokenStdinError("the terminal is closed", { effect: "notApplied" }));
    if (bytes.length > 0) this.#isWithinLine = !lineEnds.includes(bytes.at(-1));
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, written: 0, resolve, reject });
      if (this.#timer === null) this.#pump();
    });
  }

  /** What a person types for it (02 P-51): within a line the first one only hands over what was typed. */
  end(): void {
    const keys = new Uint8Array(this.#isWithinLine ? 2 : 1).fill(endOfTransmission);
    this.write(keys).catch(() => undefined); // a terminal that is closed has no more input either
  }

  /** Nothing to find out: the terminal ends with its last holder, and then it is closed. */
  childExited(): void {}

  /** The descriptor is closed, or is about to be. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    for (const { written, reject } of this.#queue.splice(0)) {
      reject(new BrokenStdinError("the terminal is closed", { effect: written > 0 ? "unknown" : "notApplied" }));
    }
    this.#closed();
  }

  #pump(): void {
    this.#timer = null;
    let allowance = turnBytes;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (next.written < next.bytes.length) {
        const taken = allowance > 0 ? this.#writeSome(next) : "full";
        if (taken === "gone") return this.close();
        if (taken === "full") return this.#retryLater();
        next.written += taken;
        allowance -= taken;
        this.#retryMs = shortestRetryMs;
      } else {
        this.#queue.shift();
        next.resolve();
      }
    }
  }

  #writeSome({ bytes, written }: Pending): number | "full" | "gone" {
    try {
      return writeSync(this.#fd, bytes, written);
    } catch (error) {
      return errnoName(error) === "EAGAIN" ? "full" : "gone"; // EIO: the last holder is gone
    }
  }

  #retryLater(): void {
    this.#timer = this.#clock.setTimeout(() => this.#pump(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }
}
