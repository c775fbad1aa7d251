import { expect, it } from "vitest";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function withProcesses(...processIds: string[]) {
  const world = new ScriptedExecutor();
  const connection = await world.connect();
  for (const id of processIds) await connection.peer.request("process/start", startParams(id));
  let closed = false;
  const close = () => {
    const closing = world.executor.close();
    void closing.then(() => (closed = true));
    return closing;
  };
  return { world, ...connection, close, isClosed: () => closed };
}

it("an executor that stops closes its connections with 1001, asks its groups to end, and kills them 2 s later (03 SS-66)", async () => {
  verifies("03 SS-66", "01 B-10");
  const { world, peer, close, isClosed } = await withProcesses("polite", "stubborn");
  const [polite, stubborn] = world.host.children;
  void close();
  await expect(peer.ended).resolves.toMatchObject({ code: 1001 });
  await settled();
  expect([polite!.signals, stubborn!.signals]).toEqual([["SIGTERM"], ["SIGTERM"]]);
  polite!.finish(143);
  await world.pass(1_999);
  expect(stubborn!.signals).toEqual(["SIGTERM"]);
  expect(isClosed()).toBe(false);
  await world.pass(1);
  expect(stubborn!.signals).toEqual(["SIGTERM", "SIGKILL"]);
  stubborn!.finish(137);
  await settled();
  expect(isClosed()).toBe(true);
  expect(world.executor.counts).toEqual({ connections: 0, sessions: 0, processes: 0 });
  expect(world.clock.pending).toBe(0);
  expect(world.faults).toEqual([]);
});

it("an executor that stops ends the processes of detached sessions too", async () => {
  const { world, peer, close, isClosed } = await withProcesses("p");
  peer.transport.destroy();
  await settled();
  void close();
  await settled();
  expect(world.host.last.signals).toEqual(["SIGTERM"]);
  world.host.last.finish(143);
  await settled();
  expect(isClosed()).toBe(true);
});

it("an executor that stops kills what is still being started, once it is", async () => {
  const { world, peer, close, isClosed } = await withProcesses();
  world.host.holdsSpawns = true;
  void peer.answer("process/start", startParams("late"));
  await settled();
  void close();
  await settled();
  expect(isClosed()).toBe(false);
  const child = world.host.finishSpawn();
  await settled();
  expect(child.signals).toEqual(["SIGKILL"]);
  expect(isClosed()).toBe(true);
});

it("what is left of a group after its leader has exited is killed as well, though a pipe is still open", async () => {
  const { world, close, isClosed } = await withProcesses("p");
  world.host.last.exit(0);
  void close();
  await settled();
  expect(world.host.last.signals).toEqual(["SIGKILL"]);
  expect(world.host.last.released).toBe(true);
  expect(isClosed()).toBe(true);
});

it("closing twice is one close, and no connection is taken any more", async () => {
  const { world, close } = await withProcesses();
  expect(world.executor.close()).toBe(world.executor.close());
  await close();
  const [client, late] = memoryTransportPair();
  const peer = new RawConnection(client);
  await expect(world.executor.accept(late)).resolves.toMatchObject({ code: 1001 });
  await expect(peer.ended).resolves.toMatchObject({ code: 1006 });
});

it("a peer that ignores the close frame does not hold the executor up for more than a second", async () => {
  const { world, line, close, isClosed } = await withProcesses();
  line.stall();
  void close();
  await world.pass(1_000);
  line.heal(); // lets the ends of a simulated line meet
  await settled();
  expect(isClosed()).toBe(true);
});

it("children are asked to end at once, whatever a request or a peer keeps its connection busy with", async () => {
  const { world, peer, close } = await withProcesses("p");
  world.host.info = () => new Promise(() => undefined);
  void peer.answer("environment/info");
  await settled();
  void close();
  await settled();
  expect(world.host.last.signals).toEqual(["SIGTERM"]);
});

it("long polls end with the executor", async () => {
  const { world, peer, close } = await withProcesses("p");
  const poll = peer.answer("process/read", { processId: "p", waitMs: 3_600_000 });
  await settled();
  const closing = close();
  await settled();
  world.host.last.finish(143);
  await closing;
  await expect(Promise.race([poll, peer.ended])).resolves.toBeDefined();
  expect(world.clock.pending).toBe(0);
});

it("what has fled from a session that is over is ended at once, though a start is under way, and again after that", async () => {
  verifies("03 D-13");
  const { world, peer } = await withProcesses("p");
  world.host.holdsSpawns = true;
  void peer.answer("process/start", startParams("late"));
  await settled();
  await peer.request("session/end");
  await settled();
  expect(world.host.endedFamilies).toBe(1);
  world.host.finishSpawn();
  await settled();
  expect(world.host.endedFamilies).toBe(2);
});
