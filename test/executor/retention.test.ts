import { expect, it } from "vitest";
import { mostUnheardCloses } from "../../src/actors/close-delivery.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function finished() {
  const world = new ScriptedExecutor();
  const connection = await world.connect();
  await connection.peer.request("process/start", startParams("p"));
  world.host.last.print("output");
  world.host.last.finish(3);
  const read = () => connection.peer.request("process/read", { processId: "p" });
  return { world, ...connection, read };
}

it("a closed process is readable and its id taken for 30 s, then unknown and free (02 P-64)", async () => {
  verifies("02 P-64", "03 SS-53");
  const { world, peer, read } = await finished();
  await world.pass(29_999);
  await expect(read()).resolves.toMatchObject({ closed: true, exitCode: 3, nextSeq: 4 });
  await expect(peer.request("process/start", startParams("p"))).rejects.toMatchObject({
    rpcCode: -32600,
    message: "process p already exists",
  });
  await world.pass(1);
  await expect(read()).rejects.toMatchObject({ rpcCode: -32600, message: "unknown process id p" });
  await peer.request("process/start", startParams("p"));
  await expect(read()).resolves.toMatchObject({ chunks: [], nextSeq: 1, closed: false });
});

it("the retention runs from the close, not from the exit: a grandchild's pipe keeps it readable (02 P-4)", async () => {
  verifies("02 P-4", "03 SS-53");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  child.exit(0);
  child.end("stderr");
  await world.pass(100_000);
  child.print("late");
  await expect(peer.request("process/read", { processId: "p" })).resolves.toMatchObject({
    exited: true,
    closed: false,
    nextSeq: 3,
  });
  await expect(peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  child.end("stdout");
  await world.pass(29_999);
  expect(world.executor.counts.processes).toBe(1);
  await world.pass(1);
  expect(world.executor.counts.processes).toBe(0);
});

it("the timer of a process does not touch a successor with the same id (02 P-65)", async () => {
  verifies("02 P-65");
  const { world, peer } = await finished();
  await world.pass(30_000);
  await peer.request("process/start", startParams("p"));
  await world.pass(29_999);
  world.host.last.finish(0);
  await world.pass(29_999);
  await expect(peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ exitCode: 0 });
});

it("the retention stands still while the session is detached, and goes on with what is left of it (03 D-3)", async () => {
  verifies("03 D-3", "03 SS-53");
  const { world, peer, sessionId } = await finished();
  await world.pass(10_000);
  peer.transport.destroy();
  await world.pass(29_999);
  const next = await world.connect(sessionId);
  const read = () => next.peer.request("process/read", { processId: "p" });
  await world.pass(19_999);
  await expect(read()).resolves.toMatchObject({ closed: true });
  await world.pass(1);
  await expect(read()).rejects.toMatchObject({ rpcCode: -32600 });
});

it("a result that nobody heard of waits for the client that returns, and for it to read the whole (03 D-3)", async () => {
  verifies("03 D-3");
  const world = new ScriptedExecutor();
  const { peer, sessionId } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  peer.transport.destroy();
  await settled();
  child.print("one ");
  child.print("two");
  child.finish(3);
  await world.pass(29_999);
  const next = await world.connect(sessionId);
  await world.pass(1_000_000); // attached, and still it has not asked
  const read = (params: object) => next.peer.request("process/read", { processId: "p", ...params });
  await expect(read({ maxBytes: 1 })).resolves.toMatchObject({ chunks: [{ seq: 1 }], closed: true });
  await world.pass(1_000_000); // it has seen a part
  await expect(read({ afterSeq: 1 })).resolves.toMatchObject({ chunks: [{ seq: 2 }], closed: true, exitCode: 3 });
  await world.pass(29_999);
  await expect(read({})).resolves.toMatchObject({ closed: true });
  await world.pass(1);
  await expect(read({})).rejects.toMatchObject({ rpcCode: -32600 });
});

it("a close that went into a dead line waits as well; the next client finds it (03 D-3)", async () => {
  verifies("03 D-3");
  const world = new ScriptedExecutor();
  const { peer, line, sessionId } = await world.connect();
  await peer.request("process/start", startParams("p"));
  line.stall();
  world.host.last.finish(3);
  await world.pass(59_000); // silent, but not yet given up
  expect(world.executor.counts).toMatchObject({ connections: 1, processes: 1 });
  await expect(world.connect(sessionId)).rejects.toMatchObject({ code: "sessionAttached" });
  await world.pass(1_500); // the holder does not answer that it is there
  const next = await world.connect(sessionId);
  await expect(next.peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ exitCode: 3 });
});

it("a client that says nothing after the close is asked for a sign of life, once for many (03 D-3, 02 P-64)", async () => {
  verifies("03 D-3", "02 P-64");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  const ids = Array.from({ length: 1_000 }, (_, n) => `p${n}`);
  for (const processId of ids) await peer.request("process/start", startParams(processId));
  for (const child of world.host.children) child.finish();
  // On its way to a connection that stands, no close is crowded out by the others.
  expect(world.executor.counts.processes).toBe(1_000);
  await world.pass(29_999);
  expect(world.executor.counts.processes).toBe(1_000);
  await world.pass(1);
  expect(world.executor.counts.processes).toBe(0);
});

it("a client that has no use for a result need not read it: ending what is closed is enough (03 D-3)", async () => {
  verifies("03 D-3");
  const world = new ScriptedExecutor();
  const { peer, sessionId } = await world.connect();
  await peer.request("process/start", startParams("p"));
  peer.transport.destroy();
  await settled();
  world.host.last.finish();
  const next = await world.connect(sessionId);
  await expect(next.peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  await world.pass(29_999);
  expect(world.executor.counts.processes).toBe(1);
  await world.pass(1);
  expect(world.executor.counts.processes).toBe(0);
});

it("at most 256 results of a session wait for its client, and the oldest goes first (03 D-3)", async () => {
  verifies("03 D-3");
  const world = new ScriptedExecutor();
  const { peer, sessionId } = await world.connect();
  const ids = Array.from({ length: mostUnheardCloses + 2 }, (_, n) => `p${n}`);
  for (const processId of ids) await peer.request("process/start", startParams(processId));
  peer.transport.destroy();
  await settled();
  for (const child of world.host.children) child.finish();
  expect(world.executor.counts.processes).toBe(mostUnheardCloses);
  expect(world.executor.waitingResults).toBe(mostUnheardCloses);
  const next = await world.connect(sessionId);
  const read = (processId: string) => next.peer.request("process/read", { processId });
  await expect(read("p1")).rejects.toMatchObject({ rpcCode: -32600 });
  await expect(read("p2")).resolves.toMatchObject({ closed: true });
});

it("nothing is left of a process that was evicted: no timer, no entry, no descriptor", async () => {
  const { world, peer } = await finished();
  await world.pass(30_000);
  expect(world.host.last.released).toBe(true);
  peer.transport.close(1000, "");
  await world.pass(30_000);
  expect(world.clock.pending).toBe(0);
  expect(world.executor.counts).toEqual({ connections: 0, sessions: 0, processes: 0 });
});

it("a poll is answered by news, by the exit once, by the close, and by nothing else (02 P-37, P-38)", async () => {
  verifies("02 P-37", "02 P-38", "02 P-28", "03 SS-44", "03 SS-51");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  const poll = (afterSeq: number, waitMs = 5_000) => {
    const state = { answer: undefined as Record<string, unknown> | undefined };
    void peer.request("process/read", { processId: "p", afterSeq, waitMs }).then((answer) => (state.answer = answer));
    return state;
  };
  const [fromStart, beyond] = [poll(0), poll(999, 60_000)];
  child.print("1");
  await settled();
  expect(fromStart.answer).toMatchObject({ nextSeq: 2 });
  const afterOutput = poll(1);
  child.exit(7);
  await settled();
  expect(afterOutput.answer).toMatchObject({ chunks: [], exited: true, exitCode: 7, closed: false, nextSeq: 3 });

  const afterExit = poll(2);
  child.print("late");
  await settled();
  expect(afterExit.answer).toMatchObject({ exited: true, closed: false, nextSeq: 4 });
  const quiet = poll(3, 1_000);
  await world.pass(999);
  expect(quiet.answer).toBeUndefined();
  await world.pass(1);
  expect(quiet.answer).toMatchObject({ chunks: [], closed: false });
  expect(beyond.answer).toBeUndefined();

  const afterLate = poll(3);
  child.end("stdout");
  child.end("stderr");
  await settled();
  expect(afterLate.answer).toMatchObject({ chunks: [], closed: true, nextSeq: 5 });
  expect(beyond.answer).toMatchObject({ chunks: [], closed: true });
  expect(peer.eventsOf("p").map(({ method }) => method.replace("process/", ""))).toEqual([
    "output",
    "exited",
    "output",
    "closed",
  ]);
});

it("a poll that waits for ever does, and leaves no timer behind when it is answered (01 W-27)", async () => {
  verifies("01 W-27");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const before = world.clock.pending;
  peer.send('{"id":77,"method":"process/read","params":{"processId":"p","waitMs":18446744073709551615}}');
  await world.pass(24 * 3_600_000);
  expect(peer.answered).not.toContain(77);
  world.host.last.print("at last");
  await settled();
  expect(peer.answered).toContain(77);
  expect(world.clock.pending).toBe(before);
});
