import { expect, it } from "vitest";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function limited(timeLimitMs: unknown = 5_000) {
  const world = new ScriptedExecutor();
  const connection = await world.connect();
  await connection.peer.request("process/start", startParams("p", { timeLimitMs }));
  return { world, ...connection, child: world.host.last };
}

it("a process whose time is over gets SIGTERM, SIGKILL after the grace, and its exit says why, in every way of asking", async () => {
  const { world, peer, child } = await limited();
  await world.pass(4_999);
  expect(child.signals).toEqual([]);
  await world.pass(1);
  expect(child.signals).toEqual(["SIGTERM"]);
  await world.pass(2_000);
  expect(child.signals).toEqual(["SIGTERM", "SIGKILL"]);
  child.finish(137);
  await settled();
  expect(peer.eventsOf("p")[0]?.params).toEqual({ processId: "p", seq: 1, exitCode: 137, timedOut: true });
  await expect(peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ timedOut: true });
  await expect(peer.request("session/list")).resolves.toMatchObject({ processes: [{ timedOut: true }] });
});

it("one that exits in time is left alone, and nothing on the wire speaks of a limit", async () => {
  const { world, peer, child } = await limited();
  await world.pass(4_999);
  child.finish();
  await world.pass(20_000);
  expect(child.signals).toEqual([]);
  await peer.request("process/read", { processId: "p" });
  await peer.request("session/list");
  expect(peer.texts.join("")).not.toContain("timedOut");
});

it("the limit counts until the close: what a process has left behind is ended too, but its exit stays what it was", async () => {
  const { world, peer, child } = await limited();
  child.exit(0);
  await world.pass(5_000);
  expect(child.signals).toEqual(["SIGTERM"]);
  await world.pass(2_000);
  expect(child.signals).toEqual(["SIGTERM", "SIGKILL"]);
  expect(child.released).toBe(true); // nobody who fled can hold the pipes
  child.end("stdout");
  child.end("stderr");
  await expect(peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ exitCode: 0, closed: true });
  expect(peer.texts.join("")).not.toContain("timedOut");
});

it("the limit holds while nobody is connected", async () => {
  const { world, peer, child, sessionId } = await limited();
  peer.transport.destroy();
  await world.pass(5_000);
  child.finish(143);
  const next = await world.connect(sessionId);
  const answer = await next.peer.request("process/read", { processId: "p" });
  expect(answer).toMatchObject({ exitCode: 143, timedOut: true });
});

it.each([0, -1, 1.5, 2 ** 31, "5"])("a limit of %j is refused, and nothing is started", async (timeLimitMs) => {
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  const start = peer.request("process/start", startParams("p", { timeLimitMs }));
  await expect(start).rejects.toMatchObject({ rpcCode: -32602, message: expect.stringContaining("timeLimitMs") });
  expect(world.host.children).toEqual([]);
});

it("the longest limit is one that a timer can wait for", async () => {
  const { child, world } = await limited(2 ** 31 - 1);
  await world.pass(3_600_000);
  expect(child.signals).toEqual([]);
});
