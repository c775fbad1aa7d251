import { expect, it } from "vitest";
import { connect, Executor, memoryTransportPair, nodeHost, type Transport } from "../../src/index.ts";
import { SandboxRefusedError } from "../../src/ports/process-host.ts";
import { ScriptedExecutor, startParams } from "../executor/scripted-executor.ts";
import { MemoryLog } from "./memory-log.ts";

it("tells the life of connections, sessions and processes, once each, with what tells them apart", async () => {
  const logger = new MemoryLog();
  const world = new ScriptedExecutor({ logger, sessionTtlMs: 1_000 });
  const first = await world.connect();
  await first.peer.request("process/start", startParams("p"));
  const child = world.host.last;
  await world.pass(250);
  for (let line = 0; line < 100; line += 1) child.print("output\n");
  child.finish(3);
  first.peer.transport.destroy();
  await world.pass(500);
  const second = await world.connect(first.sessionId);
  second.peer.transport.close(1000, "");
  await world.pass(1_500);
  expect(logger.told).toEqual([
    "info connection opened",
    "info session begun",
    "info process started",
    "info process over",
    "warn connection closed",
    "info session detached",
    "info connection opened",
    "info session resumed",
    "info connection closed",
    "info session detached",
    "info session over",
  ]);
  const [opened] = logger.factsOf("connection opened");
  const connection = opened?.connection;
  const session = first.sessionId.slice(0, 8);
  expect(opened).toEqual({ connection, transport: "memory", peer: expect.any(String) });
  expect(connection).toMatch(/^[0-9a-f]{8}$/);
  expect(logger.factsOf("session begun")).toEqual([{ session, connection }]);
  expect(logger.factsOf("process started")).toEqual([{ process: "p", connection, childPid: child.pid }]);
  expect(logger.factsOf("process over")).toEqual([
    { process: "p", connection, childPid: child.pid, result: "error", exitCode: 3, durationMs: 250 },
  ]);
  expect(logger.factsOf("session resumed")).toMatchObject([{ session, detachedMs: 500 }]);
  expect(logger.factsOf("connection closed")[1]).toMatchObject({ code: 1000 });
});

it("tells what was refused: a broken rule aloud, an ordinary refusal for those who look closely", async () => {
  const logger = new MemoryLog();
  const world = new ScriptedExecutor({ logger });
  const { peer } = await world.connect();
  await peer.answer("process/read", { processId: "nobody", afterSeq: 0 });
  peer.send("{");
  peer.notify("no/such/notification");
  await peer.ended;
  expect(logger.factsOf("request refused")).toMatchObject([{ method: "process/read", code: "invalidRequest" }]);
  expect(logger.told).toContain("debug request refused");
  expect(logger.told).toContain("warn a message could not be understood");
  expect(logger.factsOf("connection closed")).toMatchObject([
    { code: 1002, reason: "the notification `no/such/notification` does not exist" },
  ]);
});

it("tells of a sandbox that is refused, and why", async () => {
  const logger = new MemoryLog();
  const world = new ScriptedExecutor({ logger });
  const { peer } = await world.connect();
  const entries = [{ path: { type: "path", path: "file:///c:/not-here" }, access: "read" }];
  const permissions = { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" };
  const sandbox = { permissions, windowsSandboxLevel: "disabled" };
  expect(await peer.answer("process/start", startParams("p", { sandbox }))).toHaveProperty("error.rpcCode", -32602);
  expect(logger.told).toContain("warn sandbox refused");
  expect(logger.factsOf("sandbox refused")).toMatchObject([{ method: "process/start", reason: expect.any(String) }]);
  world.host.holdsSpawns = true; // and where it turns out only when it is to be set up
  const start = peer.answer("process/start", startParams("q"));
  await world.pass(0);
  world.host.failSpawn(new SandboxRefusedError("bubblewrap is not there"));
  await start;
  expect(logger.factsOf("sandbox refused").at(-1)).toMatchObject({ reason: "bubblewrap is not there" });
});

it("tells of a link that is lost, resumed and closed", async () => {
  const logger = new MemoryLog();
  await using executor = new Executor(nodeHost());
  let connection: Transport | undefined;
  const dial = async () => {
    const [ours, theirs] = memoryTransportPair();
    void executor.accept(theirs);
    connection = ours;
    return ours;
  };
  const link = await connect({ dial }, { logger });
  const resumed = new Promise<void>((resolve) =>
    link.state$.subscribe(({ value, generation }) => {
      if (value === "Connected" && generation === 2) resolve();
    }),
  );
  connection?.destroy();
  await resumed;
  await link.close();
  expect(logger.told).toEqual(["info connected", "warn connection lost", "info session resumed", "info link closed"]);
  const session = link.state.sessionId?.slice(0, 8);
  expect(logger.factsOf("session resumed")).toMatchObject([{ session, generation: 2 }]);
});
