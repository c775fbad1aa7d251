import { expect, it } from "vitest";
import { SpawnError } from "../../src/ports/process-host.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

it("a long poll delays nobody on its connection (01 B-1)", async () => {
  verifies("01 B-1", "02 S-2");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p", { pipeStdin: true }));
  const poll = peer.request("process/read", { processId: "p", waitMs: 60_000 });
  await expect(peer.request("environment/info")).resolves.toBeDefined();
  const write = { processId: "p", writeId: "w", chunk: btoa("typed") };
  await expect(peer.request("process/write", write)).resolves.toEqual({ status: "accepted" });
  await expect(peer.request("process/signal", { processId: "p", signal: "interrupt" })).resolves.toEqual({});
  await expect(peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: true });
  expect(world.clock.now()).toBe(0);

  world.host.last.finish(137);
  await expect(poll).resolves.toMatchObject({ exited: true, exitCode: 137 });
});

it("a write that waits for a child delays nobody on its connection (01 B-1)", async () => {
  verifies("01 B-1", "02 S-2");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p", { pipeStdin: true }));
  world.host.last.readsStdin = false;
  const writes = Array.from({ length: 200 }, (_, n) =>
    peer.request("process/write", { processId: "p", writeId: `w${n}`, chunk: btoa("x") }),
  );
  await expect(peer.request("environment/info")).resolves.toBeDefined();
  await expect(peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: true });
  const outcomes = await Promise.allSettled(writes);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(129);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  for (const { reason } of refused) expect(reason).toMatchObject({ rpcCode: -32603 });
});

it("what is aimed at one process keeps its order while that process is still being started (03 SS-32)", async () => {
  verifies("03 SS-32");
  const world = new ScriptedExecutor();
  const { host } = world;
  const { peer } = await world.connect();
  host.holdsSpawns = true;
  const write = (writeId: string) =>
    peer.request("process/write", { processId: "p", writeId, chunk: btoa(`${writeId};`) });
  const answers = [
    peer.request("process/start", startParams("p", { pipeStdin: true })),
    write("1"),
    write("2"),
    peer.request("process/signal", { processId: "p", signal: "interrupt" }),
    write("3"),
  ];
  await expect(peer.request("environment/info")).resolves.toBeDefined();
  const child = host.finishSpawn();
  expect(await Promise.all(answers)).toEqual([
    { processId: "p" },
    { status: "accepted" },
    { status: "accepted" },
    {},
    { status: "accepted" },
  ]);
  await settled();
  expect(child.input).toBe("1;2;3;");
  expect(child.signals).toEqual(["SIGINT"]);
});

it("a terminate right behind a start ends the process that it started (03 SS-32)", async () => {
  verifies("03 SS-32", "03 SS-54");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  world.host.holdsSpawns = true;
  const start = peer.request("process/start", startParams("p"));
  const interrupt = peer.request("process/signal", { processId: "p", signal: "interrupt" });
  const terminate = peer.request("process/terminate", { processId: "p" });
  await settled();
  const child = world.host.finishSpawn();
  await expect(Promise.all([start, interrupt, terminate])).resolves.toEqual([
    { processId: "p" },
    {},
    { running: true },
  ]);
  expect(child.signals).toEqual(["SIGINT", "SIGKILL"]);
});

it("what waited for a start that fails finds no process, and the id is free (02 P-5)", async () => {
  verifies("02 P-5");
  const world = new ScriptedExecutor();
  const { host } = world;
  const { peer } = await world.connect();
  host.holdsSpawns = true;
  const start = peer.request("process/start", startParams("p"));
  const read = peer.request("process/read", { processId: "p" });
  const write = peer.request("process/write", { processId: "p", writeId: "w", chunk: "" });
  const terminate = peer.request("process/terminate", { processId: "p" });
  await settled();
  host.failSpawn(new SpawnError("No such file or directory (os error 2)"));
  await expect(start).rejects.toMatchObject({ rpcCode: -32603, message: "No such file or directory (os error 2)" });
  await expect(read).rejects.toMatchObject({ rpcCode: -32600, message: "unknown process id p" });
  await expect(write).resolves.toEqual({ status: "unknownProcess" });
  await expect(terminate).resolves.toEqual({ running: false });
  host.holdsSpawns = false;
  await expect(peer.request("process/start", startParams("p"))).resolves.toEqual({ processId: "p" });
});

it("a start whose connection is gone finishes all the same, and the next connection finds the process (03 SS-31)", async () => {
  verifies("03 SS-32");
  const world = new ScriptedExecutor();
  const { host } = world;
  const { peer, sessionId } = await world.connect();
  host.holdsSpawns = true;
  void peer.request("process/start", startParams("p", { pipeStdin: true }));
  void peer.request("process/write", { processId: "p", writeId: "w", chunk: btoa("too late") });
  await settled();
  peer.transport.destroy();
  await settled();
  const child = host.finishSpawn();
  await settled();
  const next = await world.connect(sessionId);
  await expect(next.peer.request("process/read", { processId: "p" })).resolves.toMatchObject({ exited: false });
  expect(child.input).toBe(""); // the write had not begun when its connection ended (03 SS-32)
});

it("a start that completes after its session has expired is killed at once (02 P-19)", async () => {
  verifies("03 SS-15", "03 SS-54");
  const world = new ScriptedExecutor();
  const { host } = world;
  const { peer } = await world.connect();
  host.holdsSpawns = true;
  void peer.request("process/start", startParams("p"));
  await settled();
  peer.transport.destroy();
  await world.pass(30_000);
  const child = host.finishSpawn();
  await settled();
  expect(child.signals).toEqual(["SIGKILL"]);
  expect(child.released).toBe(true);
  expect(world.executor.counts).toEqual({ connections: 0, sessions: 0, processes: 0 });
  expect(world.clock.pending).toBe(0);
});

it("the answer to a start comes before the first event of its process, and events come in order (01 B-4)", async () => {
  verifies("01 B-4", "03 SS-43");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      await peer.request("process/start", startParams(`p${n}`));
    }),
  );
  for (const child of world.host.children) {
    child.print("out");
    child.print("err", "stderr");
    child.finish(0);
  }
  await settled();
  for (let n = 0; n < 50; n += 1) {
    const answer = peer.texts.findIndex((text) => text.includes(`"result":{"processId":"p${n}"}`));
    const first = peer.texts.findIndex((text) => text.includes(`"params":{"processId":"p${n}"`));
    expect(answer).toBeGreaterThan(-1);
    expect(answer).toBeLessThan(first);
    expect(peer.eventsOf(`p${n}`).map(({ method, params }) => [method, params.seq])).toEqual([
      ["process/output", 1],
      ["process/output", 2],
      ["process/exited", 3],
      ["process/closed", 4],
    ]);
  }
});

it("the checks of a start come in the order of the protocol (02 P-6)", async () => {
  verifies("02 P-6");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("taken"));
  const start = async (more: object) => {
    const answer = await peer.answer("process/start", { ...startParams("taken"), ...more });
    return "error" in answer ? answer.error.rpcCode : answer.result;
  };
  expect(await start({ tty: "yes", cwd: "file://x/y", argv: [] })).toBe(-32602);
  expect(await start({ cwd: "file:///C:/x", argv: [] })).toBe(-32602);
  expect(await start({ argv: [] })).toBe(-32602);
  expect(await start({})).toBe(-32600);
  expect(world.host.children).toHaveLength(1);
});
