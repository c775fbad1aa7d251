import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Clock } from "../ports/clock.ts";
import type { Transport, TransportEnd, TransportListener } from "../ports/transport.ts";
import { FrameSizeGuard } from "./frame-size-guard.ts";
import { Inbox } from "./inbox.ts";
import { FRAGMENT_BYTES } from "./message-limits.ts";
import { TurnCork } from "./turn-cork.ts";
import { DrainWatch } from "./water-marks.ts";

/** How long an ending websocket may take to send what is queued and to hear the peer's close frame. */
export const CLOSE_GRACE_MS = 2_000;

/** While paused, messages are still read until so many bytes wait; the end of the peer is noticed up to there. */
const HELD_BYTES = 64 * 1024;

/** Text from this length on is handed on as the bytes that it came in. */
const LEAST_BYTES_KEPT = 4_096;

/** How to wrap an open `ws` connection. */
export interface WebSocketTransportOptions {
  /** The other end in words. */
  readonly peer: string;
  readonly clock: Clock;
  /** Ends the connection with 1009 when the peer sends a larger frame; no limit but that of a message by default. */
  readonly maxFrameBytes?: number | undefined;
  /** Default {@link CLOSE_GRACE_MS}. */
  readonly closeGraceMs?: number | undefined;
}

/**
 * Either end of a websocket. Construct it in the turn in which `ws` became open and with `autoPong: false`.
 *
 * Out: text frames; messages above 8 MiB in fragments; what is sent in one turn leaves in one write. Bytes handed to `send`
 * belong to the transport. `queuedBytes` has no bound here: the owner stops producing above `HIGH_WATER_BYTES` and goes on
 * at `drained`. Pings are answered at once, and while more than that is queued only the latest is.
 *
 * In: at most one message of 64 MiB under construction. While paused, up to 64 KiB more are read and held, so that the
 * peer's end and its pongs are still noticed; beyond that reading stops, and only a failing write (a `ping`) shows that
 * the peer is gone. An end drops what a paused owner has not taken: nobody is left to answer.
 */
export class WebSocketTransport implements Transport {
  readonly kind = "websocket";
  readonly peer: string;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #closeGraceMs: number;
  readonly #guard: FrameSizeGuard | null;
  readonly #cork: TurnCork;
  readonly #drain = new DrainWatch();
  readonly #inbox = new Inbox({ delivered: () => this.#readOn(), endOvertakes: true });
  #owedPong: Buffer | null = null;
  #acknowledges = false;
  #readingStopped = false;
  #graceTimer: unknown = null;
  /** Why we ended it, where that was our decision; the first decision stands. */
  #decision: TransportEnd | null = null;
  #socketError: Error | null = null;

  constructor(ws: WebSocket, socket: Duplex, options: WebSocketTransportOptions) {
    this.peer = options.peer;
    this.#ws = ws;
    this.#socket = socket;
    this.#clock = options.clock;
    this.#closeGraceMs = options.closeGraceMs ?? CLOSE_GRACE_MS;
    this.#guard = options.maxFrameBytes === undefined ? null : new FrameSizeGuard(options.maxFrameBytes);
    this.#cork = new TurnCork(socket);
    if (socket instanceof Socket) socket.setNoDelay(true);

    // Before the listener of `ws`, which unmasks in place and emits messages; `heard` comes first.
    socket.prependListener("data", (chunk: Buffer) => this.#onBytes(chunk));
    // After it: has that chunk held a close frame?
    socket.on("data", () => this.#watchForClosing());
    socket.on("end", () => this.#watchForClosing());
    socket.on("error", (error: Error) => {
      this.#socketError ??= error;
    });
    ws.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on("ping", (payload) => this.#answerPing(payload));
    ws.on("error", (error) => this.#onViolation(error));
    ws.on("close", (code, reason) => this.#onClosed(code, reason.toString()));
  }

  get queuedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  open(listener: TransportListener): void {
    this.#inbox.open(listener);
  }

  send(message: string | Uint8Array, sent?: () => void): void {
    if (!this.#isOpen()) return;
    this.#cork.cork();
    // Any other stream may pass the bytes on as they are, and have them read later.
    const onSent = sent !== undefined && this.#socket instanceof Socket ? this.#sentThen(sent) : this.#sent;
    // A UTF-16 unit becomes at most 3 bytes: short strings need no look at their bytes.
    if (message.length <= (typeof message === "string" ? FRAGMENT_BYTES / 3 : FRAGMENT_BYTES)) {
      this.#ws.send(message, { binary: false }, onSent);
    } else {
      this.#sendFragments(typeof message === "string" ? Buffer.from(message) : message, onSent);
    }
    this.#drain.rose(this.queuedBytes);
  }

  ping(): void {
    if (!this.#isOpen()) return;
    this.#cork.cork();
    this.#ws.ping();
  }

  acknowledge(): void {
    this.#acknowledges = true;
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
    this.#readOn();
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen()) return;
    this.#ws.close(code, clipReason(reason));
    this.#finish({ code, reason });
  }

  destroy(): void {
    this.#finish({ code: 1006, reason: "destroyed by this end" });
    this.#ws.terminate();
  }

  #isOpen(): boolean {
    return this.#decision === null && this.#ws.readyState === WebSocket.OPEN;
  }

  #sendFragments(bytes: Uint8Array, onSent: (error?: Error | null) => void): void {
    for (let at = 0; at < bytes.length; at += FRAGMENT_BYTES) {
      const fin = at + FRAGMENT_BYTES >= bytes.length;
      const fragment = bytes.subarray(at, at + FRAGMENT_BYTES);
      this.#ws.send(fragment, { binary: false, fin }, fin ? onSent : this.#sent);
    }
  }

  #sentThen(done: () => void): (error?: Error | null) => void {
    return (error) => {
      this.#sent(error);
      if (!error) done();
    };
  }

  /** The kernel has taken a frame. A failure needs nothing here: it shows as the end of the socket. */
  readonly #sent = (error?: Error | null): void => {
    if (error || !this.#drain.fell(this.queuedBytes)) return;
    if (this.#owedPong !== null) this.#answerPing(this.#owedPong);
    this.#owedPong = null;
    this.#inbox.drained();
  };

  #answerPing(payload: Buffer): void {
    if (!this.#isOpen()) return;
    if (this.#drain.high) {
      this.#owedPong = Buffer.from(payload);
      return;
    }
    this.#sendPong(payload);
  }

  #sendPong(payload?: Buffer): void {
    if (!this.#isOpen()) return;
    this.#cork.cork();
    this.#ws.pong(payload, undefined, this.#sent);
    this.#drain.rose(this.queuedBytes);
  }

  #onBytes(chunk: Buffer): void {
    this.#inbox.heard();
    if (this.#acknowledges && !this.#drain.high) this.#sendPong();
    if (this.#guard === null || this.#decision !== null || this.#guard.accepts(chunk)) return;
    const reason = `a frame of ${this.#guard.oversizeBytes} bytes is larger than this end accepts`;
    // Later in this turn: the same chunk may hold whole messages before the frame that is too large.
    queueMicrotask(() => this.#refuse(1009, reason));
  }

  /** Ends the connection without waiting for the peer's close frame. What it still sends is read and dropped, for unread bytes would turn our close frame into a reset. */
  #refuse(code: number, reason: string): void {
    if (!this.#isOpen()) return;
    this.#ws.close(code, clipReason(reason));
    this.#socket.end();
    this.#finish({ code, reason });
  }

  #onMessage(data: WebSocket.RawData, isBinary: boolean): void {
    // `ws` gives one Buffer for the default `binaryType`; its type knows the other settings too.
    const bytes = data as Buffer;
    // Text has been found to be UTF-8 already; whoever takes a long one has ways to spare itself the string.
    const message = isBinary || bytes.length >= LEAST_BYTES_KEPT ? bytes : bytes.toString();
    this.#inbox.push(message, bytes.length);
    if (this.#inbox.heldBytes > HELD_BYTES && !this.#readingStopped) {
      this.#readingStopped = true;
      this.#ws.pause();
    }
  }

  #readOn(): void {
    if (!this.#readingStopped || (this.#inbox.heldBytes > 0 && !this.#inbox.stopped)) return;
    this.#readingStopped = false;
    this.#ws.resume();
  }

  #watchForClosing(): void {
    if (this.#ws.readyState !== WebSocket.OPEN) this.#armGrace();
  }

  /** `ws` found a violation; it has sent the close frame and dropped the rest of the input. */
  #onViolation(error: Error): void {
    this.#finish({ code: closeCodeOf(error), reason: error.message });
  }

  #finish(decision: TransportEnd): void {
    this.#decision ??= decision;
    this.#inbox.stop();
    this.#readOn();
    if (this.#ws.readyState !== WebSocket.CLOSED) this.#armGrace();
  }

  #armGrace(): void {
    this.#graceTimer ??= this.#clock.setTimeout(() => this.#ws.terminate(), this.#closeGraceMs);
  }

  #onClosed(code: number, reason: string): void {
    if (this.#graceTimer !== null) this.#clock.clearTimeout(this.#graceTimer);
    this.#inbox.end(this.#decision ?? { code, reason: reason || this.#describe(code) });
  }

  #describe(code: number): string {
    if (this.#socketError !== null) return `connection lost: ${this.#socketError.message}`;
    return code === 1006 ? "connection lost without a close frame" : "closed by the peer";
  }
}

/** What `ws` calls its violations (its documented error codes), as close codes (01 B-5). */
const closeCodes: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
};

function closeCodeOf(error: Error): number {
  const name = "code" in error && typeof error.code === "string" ? error.code : "";
  return closeCodes[name] ?? (name.startsWith("WS_ERR_") ? 1002 : 1006);
}

/** The longest prefix of whole characters that fits a close frame: 123 bytes. */
function clipReason(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(123));
  return reason.slice(0, read);
}
