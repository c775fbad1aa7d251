import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { systemClock } from "../../src/ports/clock.ts";
import { ConnectError } from "../../src/transports/connect-error.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import { HIGH_WATER_BYTES, LOW_WATER_BYTES } from "../../src/transports/water-marks.ts";
import { CLOSE_GRACE_MS } from "../../src/transports/websocket-transport.ts";
import { verifies } from "../rules/verifies.ts";
import { Listening, type Opened } from "./listening.ts";
import { ManualClock } from "./manual-clock.ts";
import { frame, RawPeer } from "./raw-peer.ts";
import { RecordingListener } from "./recording-listener.ts";

const MIB = 2 ** 20;

test("strings and bytes go both ways as text, in order, each after a sign of life", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  client.transport.send("one");
  client.transport.send(Buffer.from("zwei ü"));
  server.transport.send("three");
  await server.heard.until(({ messages }) => messages.length === 2);
  await client.heard.until(({ messages }) => messages.length === 1);
  expect(server.heard.messages).toEqual(["one", "zwei ü"]);
  expect(client.heard.log).toEqual(["(heard)", "three"]);
  client.transport.destroy();
});

test("01 W-10: an executor's message is one unmasked text frame", async () => {
  verifies("01 W-10");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  const { transport } = await listening.latest();
  transport.send(Buffer.from('{"id":1}'));
  await peer.until(() => peer.frames().length === 1);
  expect(peer.frames()).toEqual([{ opcode: 1, fin: true, payload: Buffer.from('{"id":1}') }]);
  peer.socket.destroy();
});

test.each([
  ["bytes", Buffer.alloc(20 * MIB, "a")],
  ["a string", "ü".repeat(5 * MIB)],
])("03 D-15: %s above 8 MiB travel in fragments and arrive whole, both ways", async (_name, message) => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  const text = message.toString();
  client.transport.send(message);
  await server.heard.until(({ messages }) => messages.length === 1);
  expect(server.heard.messages[0]?.toString() === text).toBe(true);
  server.transport.send(message);
  server.transport.send("next");
  await client.heard.until(({ messages }) => messages.length === 2);
  expect(client.heard.messages[0]?.toString() === text).toBe(true);
  expect(client.heard.messages[1]).toBe("next");
  client.transport.destroy();
});

test.each([1, 100_000, 20 * MIB])(
  "%i bytes may be used for something else once they are told to be sent",
  async (length) => {
    await using listening = await Listening.start();
    const { client, server } = await listening.pair();
    const bytes = Buffer.alloc(length, "a");
    await new Promise<void>((resolve) => server.transport.send(bytes, resolve));
    bytes.fill("b");
    await client.heard.until(({ messages }) => messages.length === 1);
    expect(client.heard.messages[0]?.toString() === "a".repeat(length)).toBe(true);
    client.transport.destroy();
  },
);

test("a message behind an answer does not wait for its acknowledgement, at either end", async () => {
  verifies("01 B-3", "03 D-12");
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  const rounds = 20;
  const roles: readonly (readonly [asking: Opened, answering: Opened])[] = [
    [client, server],
    [server, client],
  ];
  for (const [asking, answering] of roles) {
    const before = { asked: answering.heard.messages.length, told: asking.heard.messages.length };
    const began = performance.now();
    for (let round = 1; round <= rounds; round++) {
      asking.transport.send("request");
      await answering.heard.until(({ messages }) => messages.length === before.asked + round);
      answering.transport.send("answer");
      await new Promise(setImmediate);
      answering.transport.send("notification");
      await asking.heard.until(({ messages }) => messages.length === before.told + 2 * round);
    }
    // With the algorithm of Nagle a round would wait 40 ms for the peer's delayed acknowledgement.
    expect(performance.now() - began).toBeLessThan((rounds * 40) / 2);
  }
  client.transport.destroy();
});

test("no fragment is larger than 8 MiB", async () => {
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  const { transport } = await listening.latest();
  transport.send(Buffer.alloc(8 * MIB + 1, "a"));
  await peer.until(() => peer.received.length >= 8 * MIB + 1 && peer.frames().length === 2);
  expect(peer.frames().map(({ opcode, fin, payload }) => [opcode, fin, payload.length])).toEqual([
    [1, false, 8 * MIB],
    [0, true, 1],
  ]);
  peer.socket.destroy();
});

test("a peer that does not read makes queuedBytes rise, and drained fires once after it reads", async () => {
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.socket.pause();
  const { transport, heard } = await listening.latest();
  const block = Buffer.alloc(64 * 1024, "a");
  // Beyond what the two kernels take.
  for (let i = 0; i < 1_000; i++) transport.send(block);
  await new Promise(setImmediate);
  expect(transport.queuedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
  expect(heard.drainedCount).toBe(0);

  peer.socket.removeAllListeners("data");
  peer.socket.resume();
  await heard.until(({ drainedCount }) => drainedCount === 1);
  expect(transport.queuedBytes).toBeLessThanOrEqual(LOW_WATER_BYTES);
  peer.socket.destroy();
  await heard.end();
  expect(heard.drainedCount).toBe(1);
});

test("a peer that pings without reading costs no more than the high-water mark, and gets the latest pong", async () => {
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  peer.socket.pause();
  const { transport, heard } = await listening.latest();
  for (let i = 0; i < 1_000; i++) transport.send(Buffer.alloc(64 * 1024, "a"));
  await new Promise(setImmediate);
  const queuedBefore = transport.queuedBytes;
  const heardBefore = heard.heardCount;
  for (let i = 0; i < 5_000; i++) peer.write(frame(9, Buffer.from(`${i}`.padStart(100))));
  peer.write(frame(1, "done"));
  await heard.until(({ messages }) => messages.length === 1);
  expect(heard.heardCount).toBeGreaterThan(heardBefore);
  expect(transport.queuedBytes).toBeLessThanOrEqual(queuedBefore);

  let tail = Buffer.alloc(0);
  peer.socket.removeAllListeners("data");
  const pong = new Promise<void>((resolve) => {
    peer.socket.on("data", (chunk) => {
      tail = Buffer.concat([tail.subarray(-200), chunk]);
      if (tail.includes("4999")) resolve();
    });
  });
  peer.socket.resume();
  await pong;
  expect(tail.subarray(-102)).toEqual(frame(10, `${4_999}`.padStart(100), { masked: false }));
  peer.socket.destroy();
});

test("while paused nothing is delivered, and what came meanwhile follows in order", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  server.transport.pause();
  for (let i = 0; i < 10; i++) client.transport.send(`${i}`);
  await server.heard.until(({ heardCount }) => heardCount > 0);
  await new Promise(setImmediate);
  expect(server.heard.messages).toEqual([]);
  server.transport.resume();
  expect(server.heard.messages).toEqual([]);
  await server.heard.until(({ messages }) => messages.length === 10);
  expect(server.heard.messages).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`));
  client.transport.destroy();
});

test("a listener that pauses in the middle of a burst gets the rest after resume", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  const stopAtThree = server.heard
    .until(({ messages }) => messages.length === 3)
    .then(() => server.heard.messages.length);
  server.heard.message = (data) => {
    RecordingListener.prototype.message.call(server.heard, data);
    if (server.heard.messages.length === 3) server.transport.pause();
  };
  for (let i = 0; i < 100; i++) client.transport.send(`${i}`);
  expect(await stopAtThree).toBe(3);
  server.transport.resume();
  await server.heard.until(({ messages }) => messages.length === 100);
  expect(server.heard.messages).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  client.transport.destroy();
});

test("pausing fills the sender up, and all arrives after resume", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  server.transport.pause();
  for (let i = 0; i < 1_000; i++) client.transport.send("x".repeat(64 * 1024));
  await server.heard.until(({ heardCount }) => heardCount > 0);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(client.transport.queuedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
  expect(client.heard.drainedCount).toBe(0);
  server.transport.resume();
  await server.heard.until(({ messages }) => messages.length === 1_000);
  await client.heard.until(({ drainedCount }) => drainedCount === 1);
  client.transport.destroy();
});

test("the end of a peer with little unread is noticed while paused, at once", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  server.transport.pause();
  client.transport.send("unread");
  client.transport.close(1000, "bye");
  expect(await server.heard.end()).toEqual({ code: 1000, reason: "bye" });
  expect(server.heard.messages).toEqual([]);
});

test("the end of a peer with much unread is noticed while paused by pings that fail", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  server.transport.pause();
  for (let i = 0; i < 100; i++) client.transport.send("x".repeat(64 * 1024));
  await server.heard.until(({ heardCount }) => heardCount > 0);
  client.transport.destroy();
  await client.heard.end();
  const pinging = setInterval(() => server.transport.ping(), 5);
  expect((await server.heard.end()).code).toBe(1006);
  clearInterval(pinging);
});

test("messages that arrive before the owner opens the transport wait", async () => {
  await using listening = await Listening.start();
  const { server } = await listening.pair();
  const transport = await dialWebSocket(listening.url, { clock: systemClock });
  const heard = new RecordingListener();
  listening.accepted.at(-1)?.transport.send("early");
  listening.accepted.at(-1)?.transport.close(1000, "done");
  await listening.accepted.at(-1)?.heard.end();
  transport.open(heard);
  expect(heard.log).toEqual([]);
  expect((await heard.end()).code).toBe(1000);
  expect(heard.messages).toEqual(["early"]);
  server.transport.destroy();
});

test("close flushes what was sent, tells the peer the code and ends once at both ends", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  for (let i = 0; i < 500; i++) server.transport.send("x".repeat(10_000));
  server.transport.close(1011, `${"x".repeat(122)}üü`);
  server.transport.close(1000, "again");
  server.transport.send("too late");
  expect(await client.heard.end()).toEqual({ code: 1011, reason: "x".repeat(122) });
  expect(client.heard.messages.length).toBe(500);
  expect((await server.heard.end()).code).toBe(1011);
  server.transport.destroy();
  server.transport.send("after the end");
  server.transport.ping();
  await new Promise(setImmediate);
  expect(server.heard.ends.length).toBe(1);
  expect(client.heard.ends.length).toBe(1);
});

test("close ends a peer that neither reads nor answers when the grace is over, and no timer stays", async () => {
  const clock = new ManualClock();
  await using listening = await Listening.start(clock);
  const peer = await RawPeer.upgrade(listening.port);
  peer.socket.pause();
  const { transport, heard } = await listening.latest();
  transport.close(1001, "bye");
  expect(clock.pending).toBe(1);
  clock.advance(CLOSE_GRACE_MS - 1);
  await new Promise(setImmediate);
  expect(heard.ends).toEqual([]);
  clock.advance(1);
  await heard.end();
  expect(clock.pending).toBe(0);
  peer.socket.destroy();
});

test("a peer that sends a close frame and then hangs is ended when the grace is over", async () => {
  const clock = new ManualClock();
  await using listening = await Listening.start(clock);
  const peer = await RawPeer.upgrade(listening.port);
  const { heard } = await listening.latest();
  peer.write(frame(8, Buffer.from([3, 0xe8])));
  await peer.until(() => peer.ended);
  clock.advance(CLOSE_GRACE_MS);
  expect((await heard.end()).code).toBe(1000);
  expect(clock.pending).toBe(0);
  peer.socket.destroy();
});

test("destroy ends both at once with 1006", async () => {
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  client.transport.destroy();
  expect(client.heard.ends).toEqual([]);
  expect((await client.heard.end()).code).toBe(1006);
  expect((await server.heard.end()).code).toBe(1006);
});

test("06 H-52: what comes in is acknowledged with an unasked pong where that is wanted, and only there", async () => {
  verifies("06 H-52");
  await using listening = await Listening.start();
  const peer = await RawPeer.upgrade(listening.port);
  const { transport, heard } = await listening.latest();
  peer.socket.write(frame(1, "before"));
  await heard.until(({ messages }) => messages.length === 1);
  transport.acknowledge();
  peer.socket.write(frame(1, "after"));
  await peer.until(() => peer.frames().length === 1);
  expect(peer.frames()).toEqual([{ opcode: 10, fin: true, payload: Buffer.alloc(0) }]);
  peer.socket.destroy();
});

test("01 W-11: ping is an empty ping, and the pong is a sign of life", async () => {
  verifies("01 W-11");
  await using listening = await Listening.start();
  const { client, server } = await listening.pair();
  server.transport.ping();
  await server.heard.until(({ heardCount }) => heardCount === 1);
  expect(client.heard.heardCount).toBe(1);
  client.transport.destroy();
});

test("a client accepts one frame of more than 16 MiB", async () => {
  await using server = new TestServer();
  const transport = await dialWebSocket(await server.url(), { clock: systemClock });
  const heard = new RecordingListener();
  transport.open(heard);
  const [ws] = [...server.sockets.clients];
  ws?.send("y".repeat(20 * MIB));
  await heard.until(({ messages }) => messages.length === 1);
  expect(heard.messages[0]?.length).toBe(20 * MIB);
  ws?.send("y".repeat(64 * MIB + 1));
  expect((await heard.end()).code).toBe(1009);
});

/** A websocket server that is not ours. */
class TestServer implements AsyncDisposable {
  readonly sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });

  async url(): Promise<string> {
    if (this.sockets.address() === null) await once(this.sockets, "listening");
    const address = this.sockets.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `ws://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ws of this.sockets.clients) ws.terminate();
    await new Promise((resolve) => this.sockets.close(resolve));
  }
}

test("dialling sends the given headers, and neither an origin nor an extension", async () => {
  await using server = new TestServer();
  const request = once(server.sockets, "connection").then(([, message]) => message.headers);
  const transport = await dialWebSocket(`${await server.url()}/x?token=1`, {
    clock: systemClock,
    headers: { authorization: "Bearer s" },
  });
  const headers = await request;
  expect(headers.authorization).toBe("Bearer s");
  expect(headers.origin).toBeUndefined();
  expect(headers["sec-websocket-extensions"]).toBeUndefined();
  expect(transport.peer).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/x$/);
  transport.destroy();
});

test("a refused connection is a ConnectError that hides credentials and query", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : null;
  server.close();
  await once(server, "close");
  const dial = dialWebSocket(`ws://user:secret@127.0.0.1:${port}/p?token=secret#secret`, { clock: systemClock });
  const error = await dial.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectError);
  expect(error).toMatchObject({ code: "connect", effect: "notApplied", httpStatus: null });
  expect(String(error)).toContain(`cannot connect to ws://127.0.0.1:${port}/p: connect ECONNREFUSED`);
  expect(String(error)).not.toContain("secret");
});

test("a refused upgrade carries its HTTP status", async () => {
  await using listening = await Listening.start();
  const error = await dialWebSocket(`${listening.url}/nope`, { clock: systemClock }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectError);
  expect(error).toMatchObject({ httpStatus: 404 });
});

test.each([
  ["http://127.0.0.1:1", "http://127.0.0.1:1: expected a ws:// or wss:// URL"],
  ["no url", "(6 characters that are no URL): expected a ws:// or wss:// URL"],
])("%s cannot be dialled", async (url, message) => {
  await expect(dialWebSocket(url, { clock: systemClock })).rejects.toThrow(new ConnectError(message));
});

test.each([{ Origin: "http://x" }, { "x-bad": "a\nb" }])(
  "headers that cannot be sent are refused: %j",
  async (headers) => {
    const dial = dialWebSocket("ws://127.0.0.1:1", { clock: systemClock, headers: { ...headers } });
    await expect(dial).rejects.toBeInstanceOf(ConnectError);
  },
);

test("a server that accepts and stays silent is given up after the timeout, and its socket is closed", async () => {
  const clock = new ManualClock();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : null;
  const arrived = once(server, "connection");
  const dial = dialWebSocket(`ws://127.0.0.1:${port}`, { clock, timeoutMs: 700 });
  const refused = expect(dial).rejects.toThrow(`no connection to ws://127.0.0.1:${port} within 700 ms`);
  const [socket] = await arrived;
  socket.resume();
  const gone = once(socket, "close");
  clock.advance(700);
  await refused;
  await gone;
  expect(clock.pending).toBe(0);
  server.close();
});

test("aborting a dial rejects with the signal's reason and leaves nothing", async () => {
  const clock = new ManualClock();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : null;
  const controller = new AbortController();
  const arrived = once(server, "connection");
  const dial = dialWebSocket(`ws://127.0.0.1:${port}`, { clock, signal: controller.signal });
  const refused = expect(dial).rejects.toThrow("enough");
  const [socket] = await arrived;
  socket.resume();
  const gone = once(socket, "close");
  controller.abort(new Error("enough"));
  await refused;
  await gone;
  expect(clock.pending).toBe(0);
  const already = dialWebSocket(`ws://127.0.0.1:${port}`, { clock, signal: controller.signal });
  await expect(already).rejects.toThrow("enough");
  server.close();
});
