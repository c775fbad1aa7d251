import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { frameHeader } from "./client-frame.ts";
import { FrameScanner } from "./frame-scanner.ts";
import type { Message } from "./message.ts";

const opcodes = { close: 8, ping: 9, pong: 10 };
const endOfHead = "\r\n\r\n";

/**
 * A websocket client of bytes: writes prepared frames and scans what comes. It neither parses nor copies payloads, so that a
 * measurement shows the executor and not its client.
 */
export class WireConnection {
  /** Hears every message; valid only until it returns. */
  onMessage: (message: Message) => void = () => {};
  /** Hears the end once, whoever made it. */
  onEnd: (reason: string) => void = () => {};
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Connects to `ws://HOST:PORT` and resolves when the upgrade is done. */
  static async dial(url: string): Promise<WireConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    const rest = await upgraded(socket);
    const connection = new WireConnection(socket);
    connection.#listen(rest);
    return connection;
  }

  /** Writes bytes that are frames already. */
  send(frames: Buffer): void {
    this.#socket.write(frames);
  }

  /** Writes two pieces that are one frame, without putting them together first. */
  sendTwo(first: Buffer, second: Buffer): void {
    this.#socket.cork();
    this.#socket.write(first);
    this.#socket.write(second);
    this.#socket.uncork();
  }

  /** Stops reading, so that the executor's answers fill the socket. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Bytes that the socket has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Drops the connection, as a network does: no close frame. Resolves when the socket is closed. */
  async drop(): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }

  #listen(rest: Buffer): void {
    const socket = this.#socket;
    const scanner = new FrameScanner({
      message: (message) => this.onMessage(message),
      control: (opcode, payload) => {
        if (opcode === opcodes.ping) socket.write(Buffer.concat([frameHeader(payload.length, opcodes.pong), payload]));
        if (opcode === opcodes.close) socket.end();
      },
    });
    let reason = "the executor closed the connection";
    socket.on("error", (error) => {
      reason = error.message;
    });
    socket.on("close", () => this.onEnd(reason));
    socket.on("data", (chunk: Buffer) => scanner.push(chunk));
    if (rest.length > 0) socket.unshift(rest);
    socket.resume();
  }
}

/** Waits for the answer to the upgrade; resolves with what came behind it. */
async function upgraded(socket: Socket): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (!head.includes(endOfHead)) {
    const [chunk] = (await once(socket, "data")) as [Buffer]; // a socket without encoding
    head = Buffer.concat([head, chunk]);
  }
  socket.pause();
  const end = head.indexOf(endOfHead) + endOfHead.length;
  const status = head.toString("latin1", 0, head.indexOf("\r\n"));
  if (!status.startsWith("HTTP/1.1 101")) throw new Error(`the upgrade was answered with ${status}`);
  return head.subarray(end);
}
