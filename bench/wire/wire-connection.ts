import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { frameHeader } from "./client-frame.ts";
import { FrameScanner } from "./frame-scanner.ts";
import type { Message } from "./message.ts";

const opcodes = { close: 8, ping: 9, pong: 10 };
const endOfHead = "\r\n\r\n";
/** Everything is read into one buffer, over and over, since nothing of it is kept. */
const readBytes = 256 * 1024;

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
  readonly #scanner: FrameScanner;
  #fault: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#scanner = new FrameScanner({
      message: (message) => this.onMessage(message),
      control: (opcode, payload) => {
        if (opcode === opcodes.ping) socket.write(Buffer.concat([frameHeader(payload.length, opcodes.pong), payload]));
        if (opcode === opcodes.close) socket.end();
      },
    });
    socket.on("close", () => this.onEnd(this.#fault?.message ?? "the executor closed the connection"));
    socket.on("error", (error) => {
      this.#fault = error;
    });
  }

  /** Connects to `ws://HOST:PORT` and resolves when the upgrade is done. */
  static dial(url: string): Promise<WireConnection> {
    const { hostname, port } = new URL(url);
    const { promise, resolve, reject } = Promise.withResolvers<WireConnection>();
    let head = Buffer.alloc(0);
    let hear = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(endOfHead);
      if (end < 0) return;
      const status = head.toString("latin1", 0, head.indexOf("\r\n"));
      if (!status.startsWith("HTTP/1.1 101")) {
        socket.destroy();
        return reject(new Error(`the upgrade was answered with ${status}`));
      }
      socket.off("close", refused).off("error", reject);
      const connection = new WireConnection(socket);
      hear = (frames) => connection.#scanner.push(frames);
      resolve(connection);
      // Whoever dialed has put up its listeners by then, and nothing else has been read.
      queueMicrotask(() => connection.#scanner.push(head.subarray(end + endOfHead.length)));
    };
    const refused = () => reject(new Error(`${url} ended the connection before the upgrade`));
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (length: number, buffer: Uint8Array) => {
        hear(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread });
    socket.on("close", refused).on("error", reject);
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    return promise;
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
}
