import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { expect, it } from "vitest";
import { connect, LinkFailedError, ProctorError, serve } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { dialScripted, settled } from "./scripted-link.ts";

/** A TCP server on a free port. */
async function listening(onSocket: (socket: Socket) => void): Promise<Server & AsyncDisposable & { url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    onSocket(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return Object.assign(server, { url: `ws://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop });
}

const failure = (connecting: Promise<unknown>) =>
  connecting.then(
    () => expect.fail("connected"),
    (error: unknown) => error,
  );

it("a port on which nobody listens is a LinkFailedError that names it", async () => {
  const { url } = await (async () => {
    await using server = await listening(() => undefined);
    return { url: server.url };
  })();
  const error = await failure(connect(url));
  expect(error).toBeInstanceOf(LinkFailedError);
  expect(error).toMatchObject({ code: "linkFailed", effect: "notApplied" });
  expect(String(error)).toContain(url);
});

it("a server that is no executor is a LinkFailedError: one that speaks no HTTP, one that refuses, one that hangs up", async () => {
  const answers = ["SSH-2.0-server\r\n", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", ""];
  for (const answer of answers) {
    await using server = await listening((socket) => socket.end(answer));
    expect(await failure(connect(server.url))).toBeInstanceOf(LinkFailedError);
  }
});

it("an executor that refuses the handshake is a LinkFailedError with its reason", async () => {
  const { peer, connecting } = dialScripted({ answersHandshake: false });
  const error = failure(connecting);
  await settled();
  peer.refuse(-32600, "not today");
  expect(await error).toBeInstanceOf(LinkFailedError);
  expect(String(await error)).toContain("not today");
});

it("a connection that does not open within 10 s is given up, and its socket is closed", async () => {
  verifies("01 W-51", "03 N-3");
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const { promise: came, resolve: arrive } = Promise.withResolvers<void>();
  await using server = await listening((socket) => {
    arrive();
    socket.on("close", () => resolve()).resume();
  });
  const clock = new VirtualClock();
  const error = failure(connect(server.url, { clock }));
  await came;
  clock.advance(10_000);
  expect(await error).toBeInstanceOf(LinkFailedError);
  await gone;
  expect(clock.pending).toBe(0);
});

it("a handshake that is not answered within 10 s is given up, and its connection is closed", async () => {
  verifies("01 W-51", "03 N-3");
  const { clock, connecting, peer, faults } = dialScripted({ answersHandshake: false });
  const error = failure(connecting);
  await settled();
  clock.advance(9_999);
  await settled();
  expect(peer.requests).toHaveLength(1);
  clock.advance(1);
  expect(await error).toBeInstanceOf(LinkFailedError);
  expect(String(await error)).toContain("did not answer");
  await settled();
  expect(clock.pending).toBe(0);
  expect(faults).toEqual([]);
});

it("a connection that ends during the handshake is a LinkFailedError", async () => {
  const { connecting, peer } = dialScripted({ answersHandshake: false });
  const error = failure(connecting);
  await settled();
  peer.transport.close(1001, "going away");
  expect(String(await error)).toContain("going away");
});

it("a signal gives up at any stage, with its reason", async () => {
  verifies("03 N-3");
  const reason = new Error("no time");
  await expect(connect("ws://127.0.0.1:1", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

  const dialing = new AbortController();
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  await using server = await listening((socket) => {
    socket.on("close", () => resolve()).resume();
    dialing.abort(reason);
  });
  await expect(connect(server.url, { signal: dialing.signal })).rejects.toBe(reason);
  await gone;

  const shaking = new AbortController();
  const { connecting, clock } = dialScripted({ answersHandshake: false, signal: shaking.signal });
  const outcome = expect(connecting).rejects.toBe(reason);
  await settled();
  shaking.abort(reason);
  await outcome;
  await settled();
  expect(clock.pending).toBe(0);
});

it("a signal that is aborted once connected changes nothing", async () => {
  await using server = await serve();
  const controller = new AbortController();
  await using link = await connect(server.url, { signal: controller.signal });
  controller.abort();
  expect((await link.environmentInfo()).shell).toBeDefined();
  expect(link.state.value).toBe("Connected");
});

it("what is no websocket URL is refused at once", async () => {
  for (const url of ["http://127.0.0.1:1", "127.0.0.1:1", "", "ws:"]) {
    expect(await failure(connect(url))).toBeInstanceOf(ProctorError);
  }
});

it("a command that cannot be started, or that is no executor, is a LinkFailedError", async () => {
  expect(await failure(connect({ command: ["/no/such/program"] }))).toBeInstanceOf(LinkFailedError);
  expect(await failure(connect({ command: ["true"] }))).toBeInstanceOf(LinkFailedError);
  expect(await failure(connect({ command: ["sh", "-c", "echo hello"] }))).toBeInstanceOf(LinkFailedError);
});
