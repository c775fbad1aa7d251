import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { Arrivals } from "./arrivals.ts";
import { encodeFrame, type Frame, FrameReader, Opcode, type ReceivedFrame } from "./websocket-frame.ts";

/** How a connection ended, as the client's kernel tells it. */
export interface ConnectionEnd {
  /** `fin`: the server closed in order; `reset`: it reset the TCP connection; `dropped`: we did. */
  readonly how: "fin" | "reset" | "dropped";
  /** The close frame that came before, if any; `code` is absent where the frame was empty. */
  readonly closeFrame?: { readonly code?: number; readonly reason: string };
}

/** A ping or pong that the server sent. */
export interface ControlFrame {
  readonly kind: "ping" | "pong";
  readonly payload: string;
}

/** Settings of a peer. */
export interface WebSocketPeerOptions {
  /** Sent as they are with the upgrade request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the server's pings get a pong. Default true. */
  readonly answerPings?: boolean;
  /** Hears every message at once, in addition to `messages`. */
  readonly onMessage?: (text: string) => void;
  /** Shared with other peers by a test that waits for what comes on any of them. */
  readonly arrivals?: Arrivals;
  /** Whether messages are collected in `messages`. Default true; long runs that only listen turn it off. */
  readonly keepMessages?: boolean;
}

/**
 * A websocket client on a bare TCP socket: it sends any frame it is told to, right or wrong, and sees what a library
 * hides (close frames, FIN or RST, fragments). It checks the server's framing and notes violations in `faults`.
 */
export class WebSocketPeer {
  /** The whole text messages that came, in order. */
  readonly messages: string[] = [];
  /** The pings and pongs that came, in order. */
  readonly controls: ControlFrame[] = [];
  /** What no correct server sends. */
  readonly faults: string[] = [];
  /** Wakes what waits for any of the above or for the end. */
  readonly arrivals: Arrivals;
  /** How it ended; undefined while it lives. */
  end: ConnectionEnd | undefined;

  readonly #socket: Socket;
  readonly #options: WebSocketPeerOptions;
  readonly #frames = new FrameReader();
  #fragments: Buffer[] = [];
  #closeFrame: ConnectionEnd["closeFrame"];
  #dropped = false;
  #reset = false;

  private constructor(socket: Socket, options: WebSocketPeerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.arrivals = options.arrivals ?? new Arrivals();
  }

  /** Dials `url` (`ws://IP:PORT`) and upgrades; rejects with the server's answer if that is not a 101. */
  static async open(url: string, options: WebSocketPeerOptions = {}): Promise<WebSocketPeer> {
    const { hostname, port, host, pathname, search } = new URL(url);
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), noDelay: true });
    const peer = new WebSocketPeer(socket, options);
    const headers = {
      Host: host,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...options.headers,
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`);
    const surplus = await upgradeAnswer(socket);
    peer.#listen();
    if (surplus.length > 0) peer.#receive(surplus);
    return peer;
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", () => {
      this.#reset = true;
    });
    this.#socket.on("close", () => {
      const how = this.#dropped ? "dropped" : this.#reset ? "reset" : "fin";
      this.end = this.#closeFrame ? { how, closeFrame: this.#closeFrame } : { how };
      this.arrivals.changed();
    });
  }

  #receive(chunk: Buffer): void {
    for (const frame of this.#frames.push(chunk)) this.#take(frame);
    this.arrivals.changed();
  }

  #take(frame: ReceivedFrame): void {
    if (frame.masked) this.faults.push("a masked frame");
    if (frame.reservedBits !== 0) this.faults.push(`reserved bits ${frame.reservedBits}`);
    if (frame.payload.length > 16 * 2 ** 20) this.faults.push(`a frame of ${frame.payload.length} bytes`);
    switch (frame.opcode) {
      case Opcode.text:
      case Opcode.continuation:
        if ((frame.opcode === Opcode.text) !== (this.#fragments.length === 0))
          this.faults.push("fragments out of order");
        this.#fragments.push(frame.payload);
        if (frame.fin) this.#deliver();
        return;
      case Opcode.ping:
        this.controls.push({ kind: "ping", payload: frame.payload.toString() });
        if (this.#options.answerPings ?? true) this.sendFrame({ opcode: Opcode.pong, payload: frame.payload });
        return;
      case Opcode.pong:
        this.controls.push({ kind: "pong", payload: frame.payload.toString() });
        return;
      case Opcode.close:
        this.#closeFrame = closeFrameOf(frame.payload);
        return;
      default:
        this.faults.push(`a frame with opcode ${frame.opcode}`);
    }
  }

  #deliver(): void {
    const bytes = this.#fragments.length === 1 ? this.#fragments[0] : Buffer.concat(this.#fragments);
    this.#fragments = [];
    // `fatal` so that invalid UTF-8 is a fault, not a replacement character.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (this.#options.keepMessages ?? true) this.messages.push(text);
    this.#options.onMessage?.(text);
  }

  /** Sends one text message in one frame. */
  send(text: string): void {
    this.sendFrame({ opcode: Opcode.text, payload: Buffer.from(text) });
  }

  /** Sends many text messages with a single write. */
  sendAll(texts: readonly string[]): void {
    this.sendBytes(
      Buffer.concat(texts.flatMap((text) => encodeFrame({ opcode: Opcode.text, payload: Buffer.from(text) }))),
    );
  }

  /** Sends one frame as described, valid or not. */
  sendFrame(frame: Frame): void {
    const [header, payload] = encodeFrame(frame);
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(payload);
    this.#socket.uncork();
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Resolves once everything sent so far has been handed to the kernel. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.#socket.write("", () => resolve()));
  }

  /** Stops reading, so that the server's sends fill up. */
  pauseReading(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resumeReading(): void {
    this.#socket.resume();
  }

  /** Drops the TCP connection without a close frame, as a network failure or a dying client would. */
  drop(): void {
    this.#dropped = true;
    this.#socket.destroy();
  }

  /** Resolves with how the connection ended; rejects if it still lives after `timeoutMs`. */
  async ended(timeoutMs = 2_000): Promise<ConnectionEnd> {
    await this.arrivals.until(
      () => this.end !== undefined,
      () => "the connection is still open",
      timeoutMs,
    );
    return this.end as ConnectionEnd; // `until` has just seen it
  }

  [Symbol.dispose](): void {
    this.drop();
  }
}

/** Waits for the answer to the upgrade request; resolves with the bytes behind it. */
function upgradeAnswer(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const settle = (finish: () => void) => {
      socket.off("data", onData).off("error", onError).off("close", onClose);
      finish();
    };
    const onError = (cause: Error) => settle(() => reject(new Error("the upgrade failed", { cause })));
    const onClose = () => settle(() => reject(new Error(`the connection ended before the upgrade: ${received}`)));
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = received.subarray(0, end).toString();
      const surplus = received.subarray(end + 4);
      settle(() => {
        if (head.startsWith("HTTP/1.1 101 ")) return resolve(surplus);
        socket.destroy();
        reject(new Error(`the upgrade was refused: ${head}`));
      });
    };
    socket.on("data", onData).on("error", onError).on("close", onClose);
  });
}

function closeFrameOf(payload: Buffer): NonNullable<ConnectionEnd["closeFrame"]> {
  if (payload.length < 2) return { reason: "" };
  return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString() };
}
