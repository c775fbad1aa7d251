import { once } from "node:events";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { frameHeader, requestFrame, textFrame } from "../../bench/wire/client-frame.ts";
import { FrameScanner } from "../../bench/wire/frame-scanner.ts";
import { headBytes, Message, tailBytes } from "../../bench/wire/message.ts";
import { WireConnection } from "../../bench/wire/wire-connection.ts";
import { NotOfferedError, WireSession } from "../../bench/wire/wire-session.ts";
import { encodeBase64 } from "../../src/protocol/base64.ts";
import { encodeClosed, encodeExited, encodeOutput, encodeProcessId } from "../../src/protocol/output-frame.ts";

/** Around every border of the three forms that a length has. */
const lengths = [0, 1, 125, 126, 127, headBytes, headBytes + 1, 65_535, 65_536, 200_000];
const textOf = (length: number) => "abcdefghijklmnopqrstuvwxyz".repeat(length / 26 + 1).slice(0, length);

async function listening() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server has one
  return {
    server,
    url: `ws://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

async function connected(server: WebSocketServer, url: string): Promise<[WireConnection, WebSocket]> {
  const accepted = once(server, "connection");
  const connection = await WireConnection.dial(url);
  const [socket] = (await accepted) as [WebSocket];
  return [connection, socket];
}

/** Collects what a scanner finds in these pieces. */
function scanned(pieces: readonly Buffer[]) {
  const found: { length: number; head: string; end: string }[] = [];
  const controls: { opcode: number; text: string }[] = [];
  const scanner = new FrameScanner({
    message: ({ length, text, endOfText }) => found.push({ length, head: text, end: endOfText }),
    control: (opcode, payload) => controls.push({ opcode, text: payload.toString() }),
  });
  for (const piece of pieces) scanner.push(piece);
  return { found, controls };
}

const expected = (text: string) => ({
  length: text.length,
  head: text.slice(0, headBytes),
  end: text.slice(-Math.min(tailBytes, text.length) || text.length),
});

it("what it frames arrives at ws as it was, whatever its length", async () => {
  await using listener = await listening();
  const [connection, socket] = await connected(listener.server, listener.url);
  const arrived: string[] = [];
  const all = new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      arrived.push(String(data));
      if (arrived.length === lengths.length + 1) resolve();
    });
  });
  for (const length of lengths) connection.send(textFrame(textOf(length)));
  const [first, second] = [Buffer.from("two pieces, "), Buffer.from("one message")];
  connection.sendTwo(Buffer.concat([frameHeader(first.length + second.length), first]), second);
  await all;
  expect(arrived).toEqual([...lengths.map(textOf), "two pieces, one message"]);
  await connection.drop();
});

it("finds what ws sends: every length, fragments, and pings, which it answers", async () => {
  await using listener = await listening();
  const [connection, socket] = await connected(listener.server, listener.url);
  const found: { length: number; head: string; end: string }[] = [];
  const all = new Promise<void>((resolve) => {
    connection.onMessage = ({ length, text, endOfText }) => {
      found.push({ length, head: text, end: endOfText });
      if (found.length === lengths.length + 1) resolve();
    };
  });
  const pong = once(socket, "pong");
  for (const length of lengths) socket.send(textOf(length));
  socket.send("a message ", { fin: false });
  socket.ping("still there?");
  socket.send("in fragments", { fin: true });
  await all;
  expect(found).toEqual([...lengths.map(textOf), "a message in fragments"].map(expected));
  expect(String((await pong)[0])).toBe("still there?");
  const ended = once(socket, "close");
  await connection.drop();
  await ended;
});

it("tells of the end of a connection, and of an upgrade that was refused", async () => {
  await using listener = await listening();
  const [connection, socket] = await connected(listener.server, listener.url);
  const ended = new Promise<string>((resolve) => {
    connection.onEnd = resolve;
  });
  socket.terminate();
  expect(await ended).toBe("the executor closed the connection");
  listener.server.options.verifyClient = () => false;
  await expect(WireConnection.dial(listener.url)).rejects.toThrow("HTTP/1.1 401");
  await expect(WireConnection.dial("ws://127.0.0.1:1")).rejects.toThrow("ECONNREFUSED");
});

it("finds the same messages however the bytes are cut", () => {
  const texts = [...lengths.filter((length) => length < 66_000).map(textOf), '{"id":1000000,"result":{}}'];
  const ping = Buffer.concat([frameHeader(5, 9), Buffer.from("hello")]);
  const bytes = Buffer.concat([...texts.slice(0, 4).map(textFrame), ping, ...texts.slice(4).map(textFrame)]);
  const whole = { found: texts.map(expected), controls: [{ opcode: 9, text: "hello" }] };
  expect(scanned([bytes])).toEqual(whole);
  expect(scanned([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      expect(scanned(places.slice(1).map((end, n) => bytes.subarray(places[n], end)))).toEqual(whole);
    }),
    { numRuns: 50 },
  );
});

/** A message as the scanner would give it. */
function message(text: string): Message {
  let seen: Message | undefined;
  new FrameScanner({
    message: (found) => {
      seen = found;
    },
    control: () => {},
  }).push(textFrame(text));
  return seen ?? new Message();
}

it("tells events and answers apart by their first bytes, as the executor encodes them", () => {
  const id = encodeProcessId("p12");
  const output = message(encodeOutput(id, 7, "stdout", Buffer.from("hi")));
  expect([output.kind, output.processId, output.outputBytes]).toEqual(["output", "p12", 2]);
  const exited = message(encodeExited(id, 8, { exitCode: 0, timedOut: false, usage: null }));
  expect([exited.kind, exited.processId]).toEqual(["exited", "p12"]);
  const closed = message(encodeClosed(id, 9));
  expect([closed.kind, closed.processId]).toEqual(["closed", "p12"]);
  const answer = message('{"id":1000042,"result":{}}');
  expect([answer.kind, answer.id]).toEqual(["answer", 1_000_042]);
  expect(message('{"error":{"code":-32600,"message":"no"},"id":1000000}').kind).toBe("error");
  expect(message('{"method":"http/request/bodyDelta","params":{}}').kind).toBe("other");
});

it("counts the bytes of a chunk without decoding it", () => {
  for (const size of [0, 1, 2, 3, 4, 500, 65_535, 65_536]) {
    const bytes = new Uint8Array(size).fill(7);
    expect(message(encodeOutput(encodeProcessId("p"), 1, "pty", bytes)).outputBytes).toBe(size);
    const block = message(`{"id":1,"result":{"chunk":"${encodeBase64(bytes)}","eof":true}}`);
    expect(block.bytesBetween('"chunk":"', '","eof"')).toBe(size);
  }
});

it("a session gets each answer to its request, and knows a method that is not offered from a refusal", async () => {
  await using listener = await listening();
  listener.server.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { id, method } = JSON.parse(String(data));
      if (method === "initialize") socket.send(`{"id":${id},"result":{"sessionId":"s-1"}}`);
      if (method === "good") socket.send(`{"id":${id},"result":{"as":"asked"}}`);
      if (method === "bad") socket.send(`{"error":{"code":-32600,"message":"no"},"id":${id}}`);
      if (method === "unknown") socket.send(`{"error":{"code":-32601,"message":"what?"},"id":${id}}`);
      if (method === "end") socket.terminate();
    });
  });
  const session = await WireSession.open(listener.url);
  expect(session.sessionId).toBe("s-1");
  const [good, bad, unknown] = await Promise.allSettled([
    session.call("good"),
    session.call("bad"),
    session.call("unknown"),
  ]);
  expect(good).toMatchObject({ value: '{"id":1000001,"result":{"as":"asked"}}' });
  expect(bad).toMatchObject({ reason: { message: expect.stringContaining("refused") } });
  expect(unknown).toMatchObject({ reason: expect.any(NotOfferedError) });
  const prepared = new Promise<number>((resolve) => {
    session.onAnswer = ({ id }) => resolve(id);
  });
  session.connection.send(requestFrame(5_000_000, "good", {}));
  expect(await prepared).toBe(5_000_000);
  await expect(session.call("end")).rejects.toThrow("the connection ended");
});
