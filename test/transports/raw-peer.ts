import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A frame with the mask 0, which leaves the payload as it is. */
export function frame(
  opcode: number,
  payload: string | Uint8Array,
  { fin = true, masked = true, rsv = 0 }: { fin?: boolean; masked?: boolean; rsv?: number } = {},
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  return Buffer.concat([header(opcode, bytes.length, { fin, masked, rsv }), bytes]);
}

/** The header of a frame of `length` bytes. */
export function header(
  opcode: number,
  length: number,
  { fin = true, masked = true, rsv = 0 }: { fin?: boolean; masked?: boolean; rsv?: number } = {},
): Buffer {
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  const maskBit = masked ? 0x80 : 0;
  const mask = Buffer.alloc(masked ? 4 : 0);
  if (length < 126) return Buffer.concat([Buffer.from([first, maskBit | length]), mask]);
  if (length < 65_536) {
    return Buffer.concat([Buffer.from([first, maskBit | 126, length >> 8, length & 0xff]), mask]);
  }
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(length));
  return Buffer.concat([Buffer.from([first, maskBit | 127]), long, mask]);
}

/** One end of a websocket as bare bytes on TCP. */
export class RawPeer {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    const end = () => {
      this.#ended = true;
      this.#look();
    };
    socket.on("end", end);
    socket.on("close", end);
    // A reset is one of the ways in which a peer may end.
    socket.on("error", end);
  }

  /** Connects, without a word. */
  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  /** Connects and upgrades. */
  static async upgrade(port: number, extraHeaders = ""): Promise<RawPeer> {
    const peer = await RawPeer.connect(port);
    peer.socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extraHeaders}\r\n`,
    );
    await peer.until(() => peer.text.includes("\r\n\r\n"));
    if (!peer.text.startsWith("HTTP/1.1 101 ")) throw new Error(peer.text);
    peer.#received = peer.#received.subarray(peer.#received.indexOf("\r\n\r\n") + 4);
    return peer;
  }

  get received(): Buffer {
    return this.#received;
  }

  get text(): string {
    return this.#received.toString("latin1");
  }

  /** The other end has sent its FIN or a reset. */
  get ended(): boolean {
    return this.#ended;
  }

  write(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The frames that arrived whole. */
  frames(): { opcode: number; fin: boolean; payload: Buffer }[] {
    const frames: { opcode: number; fin: boolean; payload: Buffer }[] = [];
    let rest = this.#received;
    while (rest.length >= 2) {
      const short = rest.readUInt8(1) & 0x7f;
      const at = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (rest.length < at) break;
      const length = short === 127 ? Number(rest.readBigUInt64BE(2)) : short === 126 ? rest.readUInt16BE(2) : short;
      if (rest.length < at + length) break;
      const first = rest.readUInt8(0);
      frames.push({ opcode: first & 0x0f, fin: first >= 0x80, payload: rest.subarray(at, at + length) });
      rest = rest.subarray(at + length);
    }
    return frames;
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}
