import { once } from "node:events";
import { expect, test } from "vitest";
import { systemClock } from "../../src/ports/clock.ts";
import { ListenError } from "../../src/transports/listen-error.ts";
import { listenWebSocket } from "../../src/transports/websocket-listener.ts";
import { verifies } from "../rules/verifies.ts";
import { Listening } from "./listening.ts";
import { frame, header, RawPeer } from "./raw-peer.ts";

const upgrade = "Upgrade: websocket\nConnection: keep-alive, Upgrade\n";
const version = "Sec-WebSocket-Version: 13\n";
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";

/** One HTTP exchange on a connection of its own, `\n` standing for CRLF; `date` is left out of the answer. */
async function exchange(port: number, request: string): Promise<string> {
  const peer = await RawPeer.connect(port);
  peer.socket.write(`${request.replaceAll("\n", "\r\n")}\r\n`);
  const complete = () => {
    const [head = "", body] = peer.text.split("\r\n\r\n");
    const length = request.startsWith("HEAD") ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    return body !== undefined && body.length >= length;
  };
  await peer.until(() => complete() || peer.ended);
  peer.socket.destroy();
  const [head = "", body = ""] = peer.text.split("\r\n\r\n");
  const lines = head.split("\r\n").filter((line) => !/^date:/i.test(line));
  return [
    lines[0],
    ...lines
      .slice(1)
      .map((line) => line.toLowerCase())
      .sort(),
    body,
  ].join("\n");
}

const nothing = "content-length: 0\n";
const plain = (length: number) => `content-length: ${length}\ncontent-type: text/plain; charset=utf-8\n`;

test.each([
  ["readiness", "GET /readyz HTTP/1.1\nHost: x\n", `HTTP/1.1 200 OK\n${nothing}`],
  ["readiness with a query", "GET /readyz?x=1 HTTP/1.1\nHost: x\n", `HTTP/1.1 200 OK\n${nothing}`],
  ["readiness by HEAD", "HEAD /readyz HTTP/1.1\nHost: x\n", `HTTP/1.1 200 OK\n${nothing}`],
  [
    "readiness by another method",
    "POST /readyz HTTP/1.1\nHost: x\nContent-Length: 0\n",
    `HTTP/1.1 405 Method Not Allowed\nallow: get,head\n${nothing}`,
  ],
  ["a path with a slash more", "GET /readyz/ HTTP/1.1\nHost: x\n", `HTTP/1.1 404 Not Found\n${nothing}`],
  ["an unknown path", "GET /healthz HTTP/1.1\nHost: x\n", `HTTP/1.1 404 Not Found\n${nothing}`],
  [
    "no upgrade on the root",
    "GET / HTTP/1.1\nHost: x\n",
    `HTTP/1.1 400 Bad Request\n${plain(43)}Connection header did not include 'upgrade'`,
  ],
  [
    "an origin on a known path",
    "GET /readyz HTTP/1.1\nHost: x\nOrigin: http://localhost\n",
    `HTTP/1.1 403 Forbidden\n${nothing}`,
  ],
  ["an origin on an unknown path", "GET /nope HTTP/1.1\nHost: x\nOrigin: null\n", `HTTP/1.1 403 Forbidden\n${nothing}`],
  ["no host", "GET /readyz HTTP/1.1\n", `HTTP/1.1 200 OK\n${nothing}`],
])("01 W-6, W-7: %s", async (_name, request, answer) => {
  verifies("01 W-6", "01 W-7");
  await using listening = await Listening.start();
  expect(await exchange(listening.port, request)).toBe(answer);
});

test.each([
  ["an origin", `GET / HTTP/1.1\nHost: x\n${upgrade}${key}${version}Origin: http://127.0.0.1\n`, 403, ""],
  ["an empty origin", `GET / HTTP/1.1\nHost: x\n${upgrade}${key}${version}Origin: \n`, 403, ""],
  ["another path", `GET /foo HTTP/1.1\nHost: x\n${upgrade}${key}${version}`, 404, ""],
  ["readiness", `GET /readyz HTTP/1.1\nHost: x\n${upgrade}${key}${version}`, 200, ""],
  ["another method", `POST / HTTP/1.1\nHost: x\n${upgrade}${key}${version}`, 405, "Request method must be `GET`"],
  [
    "another version",
    `GET / HTTP/1.1\nHost: x\n${upgrade}${key}Sec-WebSocket-Version: 8\n`,
    400,
    "`Sec-WebSocket-Version` header did not include '13'",
  ],
  ["no key", `GET / HTTP/1.1\nHost: x\n${upgrade}${version}`, 400, "`Sec-WebSocket-Key` header missing"],
  [
    "another protocol",
    `GET / HTTP/1.1\nHost: x\nUpgrade: h2c\nConnection: Upgrade\n${key}${version}`,
    400,
    "`Upgrade` header did not include 'websocket'",
  ],
  ["HTTP/1.0", `GET / HTTP/1.0\nHost: x\n${upgrade}${key}${version}`, 426, "this connection cannot be upgraded"],
])("01 W-6, W-7: an upgrade with %s is refused", async (_name, request, status, body) => {
  verifies("01 W-6", "01 W-7");
  await using listening = await Listening.start();
  const answer = (await exchange(listening.port, request)).split("\n");
  expect(answer[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer.at(-1)).toBe(body);
  expect(listening.accepted).toEqual([]);
});

const switched =
  "HTTP/1.1 101 Switching Protocols\nconnection: upgrade\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\nupgrade: websocket\n";

test.each([
  ["", "/"],
  ["", "/?token=1"],
  ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n", "/"],
  ["Sec-WebSocket-Protocol: a, b\n", "/"],
  ["Sec-WebSocket-Protocol: a,,a\n", "/"],
  ["Authorization: Bearer x\n", "/"],
])("01 W-8, W-9: an upgrade with %j on %s selects nothing", async (extra, path) => {
  verifies("01 W-8", "01 W-9");
  await using listening = await Listening.start();
  expect(await exchange(listening.port, `GET ${path} HTTP/1.1\nHost: x\n${upgrade}${key}${version}${extra}`)).toBe(
    switched,
  );
});

test("01 W-8: a missing host is tolerated and the key is not validated", async () => {
  verifies("01 W-8");
  await using listening = await Listening.start();
  const answer = await exchange(listening.port, `GET / HTTP/1.1\n${upgrade}${version}Sec-WebSocket-Key: short\n`);
  // SHA-1 of "short" and the GUID of RFC 6455.
  expect(answer).toContain("sec-websocket-accept: jqhdhqrrq3pd0vahx7vmgleil+4=");
});

test("01 W-6: bytes that are not HTTP get 400 and the end", async () => {
  verifies("01 W-6");
  await using listening = await Listening.start();
  const peer = await RawPeer.connect(listening.port);
  peer.socket.write("hello\r\n\r\n");
  await peer.until(() => peer.ended);
  expect(peer.text).toMatch(/^HTTP\/1.1 400 /);
  peer.socket.destroy();
});

test.each([
  ["unmasked", frame(1, "{}", { masked: false }), 1002],
  ["a reserved bit", frame(1, "{}", { rsv: 0x40 }), 1002],
  ["a reserved opcode", frame(3, "{}"), 1002],
  ["a long control frame", frame(9, Buffer.alloc(126)), 1002],
  ["a continuation of nothing", frame(0, "{}"), 1002],
  ["text that is not UTF-8", frame(1, Buffer.from("7bff7d", "hex")), 1007],
  ["an invalid close code", frame(8, Buffer.from("0005", "hex")), 1002],
])("01 W-13, B-5: %s ends the connection", async (_name, bytes, code) => {
  verifies("01 W-13", "01 B-5");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(bytes);
  await peer.until(() => peer.ended);
  expect(peer.frames()).toEqual([{ opcode: 8, fin: true, payload: expect.anything() }]);
  expect(peer.frames()[0]?.payload.readUInt16BE()).toBe(code);
  peer.socket.end();
  const { heard } = await listening.latest();
  expect((await heard.end()).code).toBe(code);
  expect(heard.messages).toEqual([]);
});

test("01 W-12: a frame of 16 MiB and one byte ends the connection with 1009, after the messages before it", async () => {
  verifies("01 W-12", "04 F-19");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(frame(1, "before"), header(1, 16 * 2 ** 20 + 1), Buffer.alloc(1_000, 0x20));
  await peer.until(() => peer.ended);
  expect(peer.frames()[0]?.payload.readUInt16BE()).toBe(1009);
  peer.socket.end();
  const { heard } = await listening.latest();
  expect(await heard.end()).toEqual({
    code: 1009,
    reason: "a frame of 16777217 bytes is larger than this end accepts",
  });
  expect(heard.messages).toEqual(["before"]);
});

test("01 W-12: a frame of exactly 16 MiB is a message", async () => {
  verifies("01 W-12", "04 F-19");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(header(1, 16 * 2 ** 20), Buffer.alloc(16 * 2 ** 20, 0x20));
  const { heard } = await listening.latest();
  await heard.until(() => heard.messages.length === 1);
  expect(heard.messages[0]?.length).toBe(16 * 2 ** 20);
  peer.socket.destroy();
});

test("01 W-12: 64 MiB in fragments are a message, and one byte more ends the connection with 1009", async () => {
  verifies("01 W-12", "04 F-19");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  const fragment = Buffer.alloc(8 * 2 ** 20, 0x20);
  const { heard } = await listening.latest();
  for (let i = 0; i < 8; i++) peer.write(header(i === 0 ? 2 : 0, fragment.length, { fin: i === 7 }), fragment);
  await heard.until(() => heard.messages.length === 1);
  expect(heard.messages[0]?.length).toBe(64 * 2 ** 20);

  for (let i = 0; i < 8; i++) peer.write(header(i === 0 ? 2 : 0, fragment.length, { fin: false }), fragment);
  peer.write(frame(0, "x"));
  await peer.until(() => peer.ended);
  expect(peer.frames()[0]?.payload.readUInt16BE()).toBe(1009);
  peer.socket.destroy();
});

test("01 W-10, W-11: text and binary, fragments with a ping between them, pongs in order", async () => {
  verifies("01 W-10", "01 W-11");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(
    frame(2, "binary"),
    frame(1, "frag", { fin: false }),
    frame(9, "pp"),
    frame(0, "mented"),
    frame(10, "unsolicited"),
    frame(9, "hello"),
    frame(2, Buffer.from("7bff7d", "hex")),
    frame(1, ""),
  );
  const { heard } = await listening.latest();
  await heard.until(() => heard.messages.length === 4);
  expect(heard.log.filter((entry) => entry !== "(heard)")).toEqual([
    "binary binary",
    "fragmented",
    "binary {\u00ff}",
    "",
  ]);
  await peer.until(() => peer.frames().length === 2);
  expect(peer.frames().map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
    [10, "pp"],
    [10, "hello"],
  ]);
  peer.socket.destroy();
});

test("01 W-11: a burst of a thousand pings is answered in full", async () => {
  verifies("01 W-11");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(...Array.from({ length: 1_000 }, (_, i) => frame(9, `${i}`)));
  await peer.until(() => peer.frames().length === 1_000);
  expect(peer.frames().at(-1)?.payload.toString()).toBe("999");
  peer.socket.destroy();
});

test("01 B-5: the peer's close frame is answered, and its end is the end", async () => {
  verifies("01 B-5");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.write(frame(1, "last"), frame(8, Buffer.from("\x03\xe8done", "latin1")));
  await peer.until(() => peer.ended);
  expect(peer.frames()[0]?.payload.readUInt16BE()).toBe(1000);
  peer.socket.end();
  const { heard } = await listening.latest();
  expect(await heard.end()).toEqual({ code: 1000, reason: "done" });
  expect(heard.messages).toEqual(["last"]);
});

test("an end without a close frame is 1006", async () => {
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  const { heard } = await listening.latest();
  peer.socket.end();
  expect((await heard.end()).code).toBe(1006);
});

test("01 B-5, B-10: closing the listener sends 1001, ends idle sockets too, and can be repeated", async () => {
  verifies("01 B-5", "01 B-10");
  const listening = await Listening.start();
  const idle = await RawPeer.connect(listening.port);
  const peer = await RawPeer.upgrade(listening.port);
  const { heard } = await listening.latest();
  const closed = Promise.all([listening.listener.close(), listening.listener.close()]);
  await peer.until(() => peer.frames().length === 1);
  expect(peer.frames()[0]?.payload.readUInt16BE()).toBe(1001);
  peer.write(frame(8, Buffer.from([3, 0xe9])));
  await peer.until(() => peer.ended);
  peer.socket.end();
  await closed;
  expect(heard.ends).toEqual([{ code: 1001, reason: "the executor is shutting down" }]);
  await idle.until(() => idle.ended);
  idle.socket.destroy();
  await expect(RawPeer.connect(listening.port)).rejects.toThrow("ECONNREFUSED");
});

test("01 W-2: the URL has the address as bound and the real port", async () => {
  verifies("01 W-2");
  await using v6 = await listenWebSocket({ host: "::1", port: 0, clock: systemClock, onTransport: () => undefined });
  expect(v6.url).toBe(`ws://[::1]:${v6.port}`);
  expect(v6.port).toBeGreaterThan(0);
});

test("01 W-4: a port in use is a typed error with the text of the wire", async () => {
  verifies("01 W-4");
  await using listening = await Listening.start();
  const { port } = listening;
  const second = listenWebSocket({ host: "127.0.0.1", port, clock: systemClock, onTransport: () => undefined });
  await expect(second).rejects.toThrow(new ListenError("Address in use (os error 98)"));
});

test("a refused upgrade leaves no socket behind, though the client never closes its side", async () => {
  const listening = await Listening.start();
  const peer = await RawPeer.connect(listening.port);
  peer.socket.write(`GET /foo HTTP/1.1\r\n${(upgrade + key + version).replaceAll("\n", "\r\n")}\r\n`);
  await peer.until(() => peer.ended);
  await listening.listener.close();
  const closed = once(peer.socket, "close");
  peer.socket.destroy();
  await closed;
});
