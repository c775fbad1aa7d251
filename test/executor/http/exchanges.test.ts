import { expect, it } from "vitest";
import { exchangeLimits } from "../../../src/actors/http-exchanges.ts";
import { bodyQueueBytes } from "../../../src/executor/http/body-queue.ts";
import { HttpError } from "../../../src/ports/http-host.ts";
import { HIGH_WATER_BYTES } from "../../../src/transports/water-marks.ts";
import type { RawConnection } from "../../raw-connection.ts";
import { verifies } from "../../rules/verifies.ts";
import { ScriptedExecutor, settled } from "../scripted-executor.ts";

const get = (requestId: string, more: object = {}) => ({ requestId, method: "GET", url: "http://o.test/x", ...more });
const streamed = (requestId: string, more: object = {}) => get(requestId, { streamResponse: true, ...more });

async function world() {
  const executor = new ScriptedExecutor();
  return { world: executor, http: executor.host.http, ...(await executor.connect()) };
}

/** The frames of one body: number, text, end, error. */
const framesOf = (peer: RawConnection, requestId: string) =>
  peer.notifications
    .filter(({ method, params }) => method === "http/request/bodyDelta" && params.requestId === requestId)
    .map(({ params }) => [params.seq, atob(String(params.deltaBase64)), params.done, params.error]);

it("a buffered body comes with the answer, and no frame does (06 H-27)", async () => {
  verifies("06 H-27");
  const { peer, http } = await world();
  const answer = peer.request("http/request", get("b"));
  await settled();
  http.last.respond(201, [["x-a", "1"]]);
  http.last.send("hello ");
  await settled();
  http.last.send("world");
  http.last.end();
  await expect(answer).resolves.toMatchObject({
    status: 201,
    headers: [{ name: "x-a", value: "1" }],
    bodyBase64: btoa("hello world"),
  });
  expect(peer.notifications).toEqual([]);
});

it("a streamed body follows the answer, in numbered frames, and ends with an empty one (06 H-34 to H-36)", async () => {
  verifies("06 H-34", "06 H-35", "06 H-36", "01 W-46");
  const { peer, http } = await world();
  const answer = peer.request("http/request", streamed("s"));
  await settled();
  http.last.respond();
  http.last.send("one");
  await expect(answer).resolves.toMatchObject({ status: 200, bodyBase64: "" });
  await settled();
  http.last.send("two");
  await settled();
  http.last.end();
  await settled();
  expect(framesOf(peer, "s")).toEqual([
    [1, "one", false, null],
    [2, "two", false, null],
    [3, "", true, null],
  ]);
  const [result, first] = peer.texts.slice(-4);
  expect(result).toContain('"result"');
  expect(first).toContain("bodyDelta");
});

it("frames carry all five members (06 section 2)", async () => {
  const { peer, http } = await world();
  const answer = peer.request("http/request", streamed('q"ü'));
  await settled();
  http.last.respond();
  http.last.send("x");
  http.last.end();
  await answer;
  await settled();
  const common = { requestId: 'q"ü', error: null };
  expect(peer.notifications.map(({ params }) => params)).toEqual([
    { ...common, seq: 1, deltaBase64: "eA==", done: false },
    { ...common, seq: 2, deltaBase64: "", done: true },
  ]);
});

it("a body that breaks off gives what came, then the reason (06 H-39)", async () => {
  verifies("06 H-39", "06 H-44a");
  const { peer, http } = await world();
  const answer = peer.request("http/request", streamed("s"));
  await settled();
  http.last.respond();
  http.last.send("part");
  http.last.fail(new HttpError("reset", "the origin hung up"));
  await answer;
  await settled();
  expect(framesOf(peer, "s")).toEqual([
    [1, "part", false, null],
    [2, "", true, "reset: the origin hung up"],
  ]);
});

it("a failure before the head is an error without frames, and says which (06 H-39, H-44)", async () => {
  verifies("06 H-44", "06 H-41");
  const { peer, http } = await world();
  const answer = peer.answer("http/request", streamed("s"));
  await settled();
  http.last.fail(new HttpError("connect", "connect ECONNREFUSED 127.0.0.1:1", { systemCode: "ECONNREFUSED" }));
  await expect(answer).resolves.toMatchObject({
    error: {
      rpcCode: -32603,
      message: "http/request failed: connect ECONNREFUSED 127.0.0.1:1",
      data: { kind: "connect", phase: "connect", code: "ECONNREFUSED" },
    },
  });
  expect(peer.notifications).toEqual([]);
  void peer.answer("http/request", streamed("s"));
  await settled();
  expect(http.exchanges).toHaveLength(2); // the id is free again
});

it("an id of a running stream is refused to another stream, and to nothing else (06 H-40)", async () => {
  verifies("06 H-40", "06 H-27");
  const { peer, http } = await world();
  void peer.answer("http/request", streamed("s"));
  await settled();
  await expect(peer.answer("http/request", streamed("s", { method: "G T" }))).resolves.toMatchObject({
    error: { rpcCode: -32602, message: "http/request streamResponse requestId `s` is already active" },
  });
  void peer.answer("http/request", get("s"));
  await settled();
  expect(http.exchanges).toHaveLength(2);
});

it("an id is free as soon as the last frame is on its way, and after a request that is not in order (06 H-41)", async () => {
  verifies("06 H-41", "06 H-42");
  const { peer, http } = await world();
  await expect(peer.answer("http/request", streamed("s", { method: "" }))).resolves.toHaveProperty("error");
  for (let time = 0; time < 50; time += 1) {
    const answer = peer.request("http/request", streamed("s"));
    await settled();
    http.last.respond();
    http.last.end();
    await answer;
    await settled();
  }
  expect(framesOf(peer, "s")).toHaveLength(50);
});

it("a deadline covers the wait for the head (06 H-26)", async () => {
  verifies("06 H-26");
  const { peer, http, world: executor } = await world();
  const answer = peer.answer("http/request", get("b", { timeoutMs: 300 }));
  await executor.pass(299);
  expect(peer.answered).not.toContain(2);
  await executor.pass(1);
  await expect(answer).resolves.toMatchObject({
    error: {
      rpcCode: -32603,
      message: "http/request failed: deadline of 300 ms exceeded waiting for headers",
      data: { kind: "timeout", phase: "headers", timeoutMs: 300 },
    },
  });
  expect(http.last.aborted).toBeInstanceOf(HttpError);
});

it("a deadline covers the body, collected or streamed, and no deadline waits for ever (06 H-26)", async () => {
  verifies("06 H-26");
  const { peer, http, world: executor } = await world();
  const whole = peer.answer("http/request", get("b", { timeoutMs: 300 }));
  void peer.answer("http/request", streamed("s", { timeoutMs: 300 }));
  void peer.answer("http/request", streamed("forever", { timeoutMs: null }));
  await settled();
  for (const exchange of http.exchanges) {
    exchange.respond();
    exchange.send("x");
  }
  await executor.pass(300);
  await expect(whole).resolves.toMatchObject({
    error: { message: "failed to read http/request response body: deadline of 300 ms exceeded waiting for body" },
  });
  expect(framesOf(peer, "s")).toEqual([
    [1, "x", false, null],
    [2, "", true, "timeout: deadline of 300 ms exceeded waiting for body"],
  ]);
  await executor.pass(20_000);
  expect(http.exchanges.map(({ aborted }) => aborted !== undefined)).toEqual([true, true, false]);
});

it("no time at all fails at once, without a look at the network (06 H-26)", async () => {
  verifies("06 H-26");
  const { peer, http } = await world();
  await expect(peer.answer("http/request", get("b", { timeoutMs: 0 }))).resolves.toMatchObject({
    error: { rpcCode: -32603, data: { kind: "timeout" } },
  });
  expect(http.exchanges).toEqual([]);
});

it("a body that is too long to be collected is refused, and its origin let go (06 H-28a)", async () => {
  verifies("06 H-28a");
  const { peer, http } = await world();
  const answer = peer.answer("http/request", get("b"));
  await settled();
  http.last.respond();
  const piece = new Uint8Array(1024 * 1024);
  for (let sent = 0; sent < 12; sent += 1) {
    http.last.send(piece);
    await settled();
  }
  await expect(answer).resolves.toMatchObject({
    error: {
      rpcCode: -32603,
      message: "http/request response body exceeds 11534336 bytes; use streamResponse",
      data: { kind: "tooLarge" },
    },
  });
  expect(http.last.abandoned || http.last.aborted !== undefined).toBe(true);
});

it("everything of a connection ends with it, and nothing of another one (06 H-47)", async () => {
  verifies("06 H-47");
  const { peer, http, world: executor } = await world();
  const other = await executor.connect();
  void peer.answer("http/request", get("pending"));
  void peer.answer("http/request", get("body"));
  void peer.answer("http/request", streamed("stream"));
  void other.peer.answer("http/request", streamed("stream"));
  await settled();
  for (const exchange of http.exchanges.slice(1)) exchange.respond();
  await settled();
  peer.transport.destroy();
  await settled();
  expect(http.exchanges.map(({ aborted }) => aborted !== undefined)).toEqual([true, true, true, false]);
  http.exchanges[3]!.send("still here");
  await settled();
  expect(framesOf(other.peer, "stream")).toEqual([[1, "still here", false, null]]);
  expect(executor.faults).toEqual([]);
});

it("hundreds of requests behind a hanging one do not hide the end of the connection (06 H-48)", async () => {
  verifies("06 H-48");
  const { peer, http, world: executor } = await world();
  for (let n = 0; n < 300; n += 1) void peer.answer("http/request", get(`r${n}`));
  await settled();
  expect(http.exchanges).toHaveLength(exchangeLimits.running);
  await expect(peer.request("environment/info")).resolves.toHaveProperty("shell");
  peer.transport.destroy();
  await settled();
  expect(http.exchanges.every(({ aborted }) => aborted !== undefined)).toBe(true);
  expect(http.exchanges).toHaveLength(exchangeLimits.running);
  expect(executor.executor.counts.connections).toBe(0);
});

it("a place that is free goes to the one that waits longest, and one too many is refused (06 H-45a)", async () => {
  verifies("06 H-45a");
  const { peer, http } = await world();
  const { running, waiting } = exchangeLimits;
  for (let n = 0; n < running + waiting; n += 1)
    void peer.answer("http/request", get(`r${n}`, { url: `http://o.test/${n}` }));
  await settled();
  await expect(peer.answer("http/request", get("late"))).resolves.toMatchObject({
    error: {
      rpcCode: -32603,
      message: "http/request failed: too many concurrent requests",
      data: { kind: "overloaded" },
    },
  });
  expect(http.exchanges).toHaveLength(running);
  http.exchanges[5]!.respond();
  http.exchanges[5]!.end();
  await settled();
  expect(http.exchanges).toHaveLength(running + 1);
  expect(http.last.request.url.pathname).toBe(`/${running}`);
});

it("a slow request delays nobody (06 H-45)", async () => {
  verifies("06 H-45");
  const { peer } = await world();
  void peer.answer("http/request", get("slow"));
  void peer.answer("http/request", streamed("long poll"));
  await expect(peer.request("environment/info")).resolves.toHaveProperty("shell");
});

it("a peer that does not read holds the origin back, and gets all of it in the end (06 H-46)", async () => {
  verifies("06 H-46");
  const { peer, http } = await world();
  const answer = peer.request("http/request", streamed("s"));
  await settled();
  http.last.respond();
  await answer;
  peer.transport.pause();
  const piece = new Uint8Array(64 * 1024).fill(97);
  let sent = 0;
  for (; sent < 1_000 && !http.last.paused; sent += 1) {
    http.last.send(piece);
    await settled();
  }
  expect(sent * piece.length).toBeLessThan(2 * HIGH_WATER_BYTES + 2 * bodyQueueBytes);
  peer.transport.resume();
  await settled();
  expect(http.last.paused).toBe(false);
  http.last.end();
  await settled();
  const frames = framesOf(peer, "s");
  expect(frames.map(([seq]) => seq)).toEqual(frames.map((_, index) => index + 1));
  expect(frames.reduce((total, [, text]) => total + String(text).length, 0)).toBe(sent * piece.length);
  expect(frames.at(-1)).toEqual([frames.length, "", true, null]);
});

it("streams take turns: one that has much to send does not keep another from sending (06 H-38)", async () => {
  verifies("06 H-38");
  const { peer, http } = await world();
  for (const id of ["big", "small"]) void peer.answer("http/request", streamed(id));
  await settled();
  const [big, small] = http.exchanges;
  for (const exchange of http.exchanges) exchange.respond();
  await settled();
  peer.transport.pause();
  big!.send(new Uint8Array(8 * 1024 * 1024));
  await settled();
  small!.send("me too");
  await settled();
  peer.transport.resume();
  await settled();
  const order = peer.notifications.map(({ params }) => params.requestId);
  expect(order.indexOf("small")).toBeLessThan(order.lastIndexOf("big"));
});

it("frames are never longer than 256 KiB (06 H-46a)", async () => {
  const { peer, http } = await world();
  void peer.answer("http/request", streamed("s"));
  await settled();
  http.last.respond();
  http.last.send(new Uint8Array(1024 * 1024 + 1));
  http.last.end();
  await settled();
  expect(framesOf(peer, "s").map(([, text]) => String(text).length)).toEqual([...Array(4).fill(262_144), 1, 0]);
});

it("a cancelled exchange ends at once, a stream with its last frame and a request with its answer (06 H-59)", async () => {
  verifies("06 H-59");
  const { peer, http } = await world();
  const pending = peer.answer("http/request", get("p"));
  void peer.answer("http/request", streamed("s"));
  await settled();
  http.last.respond();
  http.last.send("x");
  await settled();
  const cancelled = { cancelled: true };
  await expect(peer.request("http/request/cancel", { requestId: "s" })).resolves.toEqual(cancelled);
  await expect(peer.request("http/request/cancel", { requestId: "p" })).resolves.toEqual(cancelled);
  await expect(peer.request("http/request/cancel", { requestId: "s" })).resolves.toEqual({ cancelled: false });
  await expect(pending).resolves.toMatchObject({
    error: { rpcCode: -32603, message: "http/request failed: cancelled by client", data: { kind: "aborted" } },
  });
  expect(framesOf(peer, "s")).toEqual([
    [1, "x", false, null],
    [2, "", true, "aborted: cancelled by client"],
  ]);
  expect(http.exchanges.every(({ aborted }) => aborted !== undefined)).toBe(true);
});

it("needs the handshake (06 H-1)", async () => {
  verifies("06 H-1");
  const { peer } = new ScriptedExecutor().open();
  const refusal = (message: string) => ({ error: { rpcCode: -32600, message } });
  await expect(peer.answer("http/request", {})).resolves.toMatchObject({ error: { rpcCode: -32602 } });
  await expect(peer.answer("http/request", get("r"))).resolves.toMatchObject(
    refusal("client must call initialize before using http methods"),
  );
  await peer.request("initialize", { clientName: "c" });
  await expect(peer.answer("http/request", get("r"))).resolves.toMatchObject(
    refusal("client must send initialized before using http methods"),
  );
});

it("as a notification it ends the connection (06 H-2)", async () => {
  verifies("06 H-2");
  const { peer } = await world();
  peer.notify("http/request", get("r"));
  await expect(peer.ended).resolves.toBeDefined();
});

it("has whole numbers as its deadline, and no fields in an array (06 H-3, H-5)", async () => {
  verifies("06 H-3", "06 H-5");
  const { peer, http } = await world();
  const refused = { error: { rpcCode: -32602 } };
  for (const timeoutMs of ["-1", "1.5", "1000.0", "1e3", "18446744073709551616", '"5"', "true"]) {
    const answer = peer.answer("http/request", get("r"), (text) =>
      text.replace('"GET"', `"GET","timeoutMs":${timeoutMs}`),
    );
    await expect(answer, timeoutMs).resolves.toMatchObject(refused);
  }
  await expect(
    peer.answer("http/request", ["GET", "http://o.test/", [], null, 1000, "r", false]),
  ).resolves.toMatchObject(refused);
  expect(http.exchanges).toEqual([]);
  for (const timeoutMs of ["9007199254740991", "18446744073709551615"]) {
    void peer.answer("http/request", get("r"), (text) => text.replace('"GET"', `"GET","timeoutMs":${timeoutMs}`));
  }
  await settled();
  expect(http.exchanges).toHaveLength(2);
});

it("ignores fields that it does not know, also in a header (06 H-4)", async () => {
  verifies("06 H-4");
  const { peer, http } = await world();
  void peer.answer("http/request", get("", { whatever: 1, headers: [{ name: "x", value: "y", extra: 1 }] }));
  await settled();
  expect(http.last.request.headers).toContainEqual(["x", "y"]);
});
