import { expect, it } from "vitest";
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
  verifies("02 P-4", "02 P-59", "03 SS-53");
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

it("the retention runs while the session is detached as well (02 P-65)", async () => {
  verifies("02 P-65", "03 SS-53");
  const { world, peer, sessionId } = await finished();
  await world.pass(10_000);
  peer.transport.destroy();
  await world.pass(19_999);
  const next = await world.connect(sessionId);
  await expect(next.peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ closed: true });
  await world.pass(1);
  await expect(next.peer.request("process/read", { processId: "p" })).rejects.toMatchObject({ rpcCode: -32600 });
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
