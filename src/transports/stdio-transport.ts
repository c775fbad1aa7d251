import { isUtf8 } from "node:buffer";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../ports/clock.ts";
import type { Transport, TransportEnd, TransportListener } from "../ports/transport.ts";
import { Inbox } from "./inbox.ts";
import { LineSplitter } from "./line-splitter.ts";
import { MAX_MESSAGE_BYTES } from "./message-limits.ts";
import { TurnCork } from "./turn-cork.ts";
import { DrainWatch } from "./water-marks.ts";

/** How long queued lines may take to leave at `close`, and how long reading goes on when the output has failed. */
export const FLUSH_GRACE_MS = 2_000;

/** What a stdio transport speaks over; both streams belong to it from then on. */
export interface StdioTransportOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
  /** The other end in words; default `stdio`. */
  readonly peer?: string | undefined;
  /** `close` ends the output and goes on reading, without delivering, until the peer ends too; default: it releases both. */
  readonly closeAwaitsPeer?: boolean | undefined;
}

/**
 * One message a line over a pair of byte streams (01 section 4). A line may have 64 MiB; a longer one ends the transport
 * with 1009. The end of input is 1000, bytes that are not UTF-8 end it with 1007 (01 W-17), and in each of these cases all
 * lines before are delivered first, so a paused owner hears of it after `resume`. A paused transport holds the lines of one chunk.
 *
 * The end of input ends one direction only: what was received can still be answered (01 B-9) until `close`, which flushes
 * and releases both streams.
 */
export class StdioTransport implements Transport {
  readonly kind = "stdio";
  readonly peer: string;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #clock: Clock;
  readonly #closeAwaitsPeer: boolean;
  readonly #cork: TurnCork;
  readonly #lines = new LineSplitter(MAX_MESSAGE_BYTES);
  readonly #inbox = new Inbox();
  readonly #drain = new DrainWatch();
  #opened = false;
  #paused = false;
  #inputDone = false;
  #outputDone = false;
  #graceTimer: unknown = null;
  /** Why we closed it, where that was our decision. */
  #decision: TransportEnd | null = null;

  constructor({ input, output, clock, peer = "stdio", closeAwaitsPeer = false }: StdioTransportOptions) {
    this.peer = peer;
    this.#closeAwaitsPeer = closeAwaitsPeer;
    this.#input = input;
    this.#output = output;
    this.#clock = clock;
    this.#cork = new TurnCork(output);
    // Until `open` nothing may flow, whoever else looks after the stream.
    input.pause();
    output.on("error", (error: Error) => this.#onOutputError(error));
  }

  get queuedBytes(): number {
    return this.#output.writableLength;
  }

  open(listener: TransportListener): void {
    this.#inbox.open(listener);
    this.#opened = true;
    this.#input.on("data", (chunk: Uint8Array) => this.#onBytes(chunk));
    this.#input.on("end", () => this.#onEndOfInput());
    this.#input.on("error", (error: Error) => this.#endInput({ code: 1006, reason: `input failed: ${error.message}` }));
    // A stream that is destroyed says neither of the above.
    this.#input.on("close", () => this.#endInput({ code: 1006, reason: "input closed" }));
    if (!this.#paused) this.#input.resume();
  }

  send(message: string | Uint8Array, sent?: () => void): void {
    if (this.#outputDone) return;
    this.#cork.cork();
    if (typeof message === "string") {
      this.#output.write(`${message}\n`, this.#sent);
    } else {
      // Any other stream may pass the bytes on as they are, and have them read later.
      const isToKernel = this.#output instanceof Socket;
      this.#output.write(message, (error) => {
        if (isToKernel && !error) sent?.();
      });
      this.#output.write("\n", this.#sent);
    }
    this.#drain.rose(this.queuedBytes);
  }

  /** A pipe has no control frames, and needs none: it cannot lose its peer without ending, so while it stands that is there. */
  ping(): void {
    queueMicrotask(() => {
      if (!this.#inputDone && !this.#outputDone) this.#inbox.heard();
    });
  }

  pause(): void {
    this.#paused = true;
    this.#inbox.pause();
    this.#input.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#inbox.resume();
    if (this.#opened) this.#input.resume();
  }

  close(code: number, reason: string): void {
    if (this.#outputDone) return;
    this.#outputDone = true;
    this.#decision = { code, reason };
    this.#inbox.stop();
    this.#input.resume();
    this.#armGrace({ code: 1006, reason: `the output did not flush within ${FLUSH_GRACE_MS} ms` });
    this.#output.end((error?: Error | null) => this.#onFlushed(error));
  }

  destroy(): void {
    this.#inbox.stop();
    this.#release({ code: 1006, reason: "destroyed by this end" });
  }

  /** The kernel has taken a line. A failure arrives as the stream's `error`. */
  readonly #sent = (error?: Error | null): void => {
    if (!error && this.#drain.fell(this.queuedBytes)) this.#inbox.drained();
  };

  #onBytes(chunk: Uint8Array): void {
    if (this.#inputDone) return;
    this.#inbox.heard();
    this.#deliver(this.#lines.push(chunk));
    if (this.#lines.overflowed) {
      this.#endInput({ code: 1009, reason: `a line is longer than ${MAX_MESSAGE_BYTES} bytes` });
    }
  }

  #onEndOfInput(): void {
    if (this.#inputDone) return;
    this.#deliver(this.#lines.end());
    this.#endInput({ code: 1000, reason: "end of input" });
  }

  #deliver(lines: readonly Uint8Array[]): void {
    for (const line of lines) {
      if (this.#inputDone) return;
      if (isUtf8(line))
        this.#inbox.push(Buffer.from(line.buffer, line.byteOffset, line.length).toString(), line.length);
      else this.#endInput({ code: 1007, reason: "the input is not UTF-8" });
    }
  }

  /** No further line is read; what is held is still delivered. */
  #endInput(end: TransportEnd): void {
    if (this.#inputDone) return;
    this.#inputDone = true;
    this.#input.destroy();
    this.#inbox.end(this.#decision ?? end);
    if (this.#outputDone) this.#release(end);
  }

  #onFlushed(error?: Error | null): void {
    this.#disarmGrace();
    const end = error ? { code: 1006, reason: `output failed: ${error.message}` } : this.#decision;
    if (end !== null && (error || this.#inputDone || !this.#closeAwaitsPeer)) this.#release(end);
  }

  /** The peer takes nothing more, yet what it wrote before may still be in the pipe. */
  #onOutputError(error: Error): void {
    this.#outputDone = true;
    const end = { code: 1006, reason: `output failed: ${error.message}` };
    if (this.#inputDone) this.#release(end);
    else this.#armGrace(end);
  }

  #armGrace(end: TransportEnd): void {
    this.#graceTimer ??= this.#clock.setTimeout(() => {
      this.#inbox.stop();
      this.#release(end);
    }, FLUSH_GRACE_MS);
  }

  #disarmGrace(): void {
    if (this.#graceTimer !== null) this.#clock.clearTimeout(this.#graceTimer);
    this.#graceTimer = null;
  }

  #release(end: TransportEnd): void {
    this.#disarmGrace();
    this.#outputDone = true;
    this.#inputDone = true;
    this.#input.destroy();
    this.#output.destroy();
    this.#inbox.end(end);
  }
}
