import { mkdtempDisposable, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { features, signalName } from "../../src/protocol/extensions.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function running(more: Readonly<Record<string, unknown>> = {}) {
  const world = new ScriptedExecutor();
  const connection = await world.connect();
  await connection.peer.request("process/start", startParams("p", more));
  return { world, ...connection, child: world.host.last };
}

const refused = (message: string | RegExp) => ({ rpcCode: -32600, message: expect.stringMatching(message) });

describe("the offer", () => {
  it("stands in the answer of initialize, on a resume too (03 section 11)", async () => {
    const world = new ScriptedExecutor({ sessionTtlMs: 12_345 });
    const proctor = { v: 1, sessionTtlMs: 12_345, features };
    const first = world.open().peer;
    const answer = await first.request("initialize", { clientName: "c" });
    expect(answer).toEqual({
      sessionId: answer.sessionId,
      proctor: { ...proctor, observerKey: expect.stringMatching(/^[-0-9a-f]{36}$/) },
    });
    first.transport.destroy();
    await settled();
    const resumed = world.open().peer.request("initialize", { clientName: "c", resumeSessionId: answer.sessionId });
    await expect(resumed).resolves.toEqual(answer);
  });
});

describe("process/closeStdin", () => {
  it("ends the input when everything that was written before has been taken, and takes nothing more (02 S-12)", async () => {
    verifies("02 S-12");
    const { peer, child } = await running({ pipeStdin: true });
    child.readsStdin = false;
    const write = (writeId: string) =>
      peer.request("process/write", { processId: "p", writeId, chunk: btoa(`${writeId} `) });
    const written = [write("a"), write("b"), write("c")];
    await expect(peer.request("process/closeStdin", { processId: "p" })).resolves.toEqual({});
    await expect(write("d")).resolves.toEqual({ status: "stdinClosed" });
    await expect(write("a")).resolves.toEqual({ status: "accepted" }); // a repetition is what it was
    expect(child.inputEnded).toBe(false);
    while (child.waitingWrites > 0) {
      expect(child.inputEnded).toBe(false);
      child.readStdin(1);
      await settled();
    }
    expect(child.inputEnded).toBe(true);
    expect(child.input).toBe("a b c ");
    expect(await Promise.all(written)).toEqual(Array(3).fill({ status: "accepted" }));
  });

  it("again, without stdin, and after the exit has no effect", async () => {
    const { peer, child, world } = await running({ pipeStdin: true });
    for (let time = 0; time < 2; time += 1) await peer.request("process/closeStdin", { processId: "p" });
    child.finish();
    await expect(peer.request("process/closeStdin", { processId: "p" })).resolves.toEqual({});
    await peer.request("process/start", startParams("none"));
    await expect(peer.request("process/closeStdin", { processId: "none" })).resolves.toEqual({});
    expect(world.host.last.inputEnded).toBe(false);
    expect(world.faults).toEqual([]);
  });

  it("waits for the start that was sent before it", async () => {
    const world = new ScriptedExecutor();
    world.host.holdsSpawns = true;
    const { peer } = await world.connect();
    const start = peer.request("process/start", startParams("p", { pipeStdin: true }));
    const close = peer.request("process/closeStdin", { processId: "p" });
    await settled();
    const child = world.host.finishSpawn();
    await Promise.all([start, close]);
    expect(child.inputEnded).toBe(true);
  });
});

describe("process/resize", () => {
  it("sets the size of the terminal, and what is none is refused", async () => {
    const { peer, child } = await running({ tty: true });
    await expect(peer.request("process/resize", { processId: "p", rows: 50, cols: 132 })).resolves.toEqual({});
    expect(child.size).toEqual([50, 132]);
    for (const size of [{ rows: 0, cols: 80 }, { rows: 24, cols: 65_536 }, { rows: 2.5, cols: 80 }, { rows: 24 }]) {
      await expect(peer.request("process/resize", { processId: "p", ...size })).rejects.toMatchObject({
        rpcCode: -32602,
      });
    }
    expect(child.size).toEqual([50, 132]);
  });
});

describe("process/kill", () => {
  it("sends any of its signals to the group, and none after the exit", async () => {
    const { peer, child } = await running();
    for (const signal of signalName.options) await peer.request("process/kill", { processId: "p", signal });
    expect(child.signals).toEqual(signalName.options);
    child.exit();
    await expect(peer.request("process/kill", { processId: "p", signal: "SIGUSR1" })).resolves.toEqual({});
    expect(child.signals).toEqual(signalName.options);
  });

  it.each(["SIGSEGV", "USR1", "", 9, null])("refuses %j", async (signal) => {
    const { peer, child } = await running();
    const answer = peer.request("process/kill", { processId: "p", signal });
    await expect(answer).rejects.toMatchObject({ rpcCode: -32602 });
    expect(child.signals).toEqual([]);
  });
});

it.each([
  ["process/closeStdin", {}],
  ["process/resize", { rows: 24, cols: 80 }],
  ["process/kill", { signal: "SIGTERM" }],
])("%s refuses a process that is not there, or is another session's", async (method, params) => {
  const { world, peer } = await running();
  const other = await world.connect();
  await expect(peer.request(method, { processId: "q", ...params })).rejects.toMatchObject(
    refused(/^unknown process id q$/),
  );
  await expect(other.peer.request(method, { processId: "p", ...params })).rejects.toMatchObject(refused(/^unknown/));
});

describe("session/list", () => {
  it("tells of every process of the session, in the order of the starts, and of no other", async () => {
    const { world, peer, child } = await running();
    const other = await world.connect();
    await other.peer.request("process/start", startParams("another's"));
    await peer.request("process/start", startParams("exited"));
    world.host.last.print("output");
    world.host.last.exit(3);
    await peer.request("process/start", startParams("closed"));
    world.host.last.finish(4);
    world.host.holdsSpawns = true;
    const start = peer.request("process/start", startParams("starting"));
    await settled();
    child.print("output");
    for (const params of [undefined, null, {}]) {
      await expect(peer.request("session/list", params)).resolves.toEqual({
        processes: [
          { processId: "p", state: "running", exitCode: null, nextSeq: 2 },
          { processId: "exited", state: "exited", exitCode: 3, nextSeq: 3 },
          { processId: "closed", state: "closed", exitCode: 4, nextSeq: 3 },
          { processId: "starting", state: "starting", exitCode: null, nextSeq: 1 },
        ],
      });
    }
    world.host.finishSpawn();
    await start;
  });

  it("tells whoever has resumed the session", async () => {
    const { world, peer, sessionId } = await running();
    peer.transport.destroy();
    await settled();
    const next = await world.connect(sessionId);
    await expect(next.peer.request("session/list")).resolves.toMatchObject({ processes: [{ processId: "p" }] });
  });
});

describe("session/end", () => {
  it("kills everything at once, and nobody finds the session any more (03 D-14)", async () => {
    verifies("03 D-14");
    const { world, peer, sessionId } = await running();
    await peer.request("process/start", startParams("q"));
    await expect(peer.request("session/end")).resolves.toEqual({});
    expect(world.host.children.map(({ signals, released }) => ({ signals, released }))).toEqual(
      Array(2).fill({ signals: ["SIGKILL"], released: true }),
    );
    expect(world.clock.now()).toBe(0);
    expect(world.executor.counts).toEqual({ connections: 1, sessions: 0, processes: 0 });
    const resume = world.open().peer.request("initialize", { clientName: "c", resumeSessionId: sessionId });
    await expect(resume).rejects.toMatchObject(refused(`^unknown session id ${sessionId}$`));
  });

  it("leaves the connection open, which starts nothing any more", async () => {
    const { world, peer, sessionId } = await running();
    await peer.request("session/end");
    await expect(peer.request("process/start", startParams("r"))).rejects.toMatchObject(
      refused(`^unknown session id ${sessionId}$`),
    );
    await expect(peer.request("process/read", { processId: "p" })).rejects.toMatchObject(
      refused(/unknown process id p/),
    );
    await expect(peer.request("session/list")).resolves.toEqual({ processes: [] });
    await expect(peer.request("session/end")).resolves.toEqual({});
    await expect(peer.request("environment/info")).resolves.toBeDefined();
    expect(world.host.children).toHaveLength(1);
    peer.transport.destroy();
    await world.pass(60_000);
    expect(world.faults).toEqual([]);
  });

  it("ends a process that is still being started", async () => {
    const world = new ScriptedExecutor();
    world.host.holdsSpawns = true;
    const { peer } = await world.connect();
    const start = peer.answer("process/start", startParams("p"));
    await settled();
    await peer.request("session/end");
    const child = world.host.finishSpawn();
    await expect(start).resolves.toHaveProperty("error");
    await settled();
    expect(child.signals).toEqual(["SIGKILL"]);
    expect(child.released).toBe(true);
  });
});

describe("a start with a startId", () => {
  it("joins the first one, on another connection as well, and nothing is started twice (03 D-4)", async () => {
    verifies("03 D-4");
    const world = new ScriptedExecutor();
    world.host.holdsSpawns = true;
    const first = await world.connect();
    const named = startParams("p", { startId: "s1" });
    const lost = first.peer.answer("process/start", named);
    await settled();
    first.peer.transport.destroy();
    await settled();
    const second = await world.connect(first.sessionId);
    const again = [second.peer.request("process/start", named), second.peer.request("process/start", named)];
    await settled();
    world.host.finishSpawn();
    expect(await Promise.all(again)).toEqual([{ processId: "p" }, { processId: "p" }]);
    await expect(second.peer.request("process/start", named)).resolves.toEqual({ processId: "p" });
    expect({ spawned: world.host.children.length, held: world.host.held.length }).toEqual({ spawned: 1, held: 0 });
    void lost; // nobody is there to hear it
  });

  it("gets the first one's failure while that is the present one", async () => {
    const world = new ScriptedExecutor();
    world.host.holdsSpawns = true;
    const { peer } = await world.connect();
    const named = startParams("p", { startId: "s1" });
    const starts = [peer.answer("process/start", named), peer.answer("process/start", named)];
    await settled();
    world.host.failSpawn(new Error("No such file or directory (os error 2)"));
    const error = { rpcCode: -32603, message: "No such file or directory (os error 2)" };
    for (const answer of await Promise.all(starts)) expect(answer).toMatchObject({ error });
  });

  it.each([{ startId: "other" }, { startId: null }, {}])("is refused under a process id in use: %j", async (more) => {
    const { world, peer } = await running({ startId: "s1" });
    const start = peer.request("process/start", startParams("p", more));
    await expect(start).rejects.toMatchObject(refused(/^process p already exists$/));
    expect(world.host.children).toHaveLength(1);
  });

  it("two starts without one are two starts", async () => {
    const { peer } = await running();
    await expect(peer.request("process/start", startParams("p"))).rejects.toMatchObject(refused(/already exists/));
  });
});

describe("a call with an idempotencyKey", () => {
  it("is done once, whichever connection repeats it, and answers the same (03 D-5)", async () => {
    verifies("03 D-5");
    await using folder = await mkdtempDisposable(join(tmpdir(), "proctor-key-"));
    const world = new ScriptedExecutor();
    const first = await world.connect();
    const path = String(pathToFileURL(join(folder.path, "d")));
    const params = { path, recursive: false, idempotencyKey: "k1" };
    await first.peer.request("fs/createDirectory", params);
    await rm(join(folder.path, "d"), { recursive: true });
    first.peer.transport.destroy();
    await settled();
    const second = await world.connect(first.sessionId);
    await expect(second.peer.request("fs/createDirectory", params)).resolves.toEqual({});
    await expect(rm(join(folder.path, "d"))).rejects.toMatchObject({ code: "ENOENT" });
    await second.peer.request("fs/createDirectory", { ...params, idempotencyKey: "k2" });
    await rm(join(folder.path, "d"), { recursive: true });
  });

  it("gets the first one's failure, though it would succeed by now", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "proctor-key-"));
    const { peer } = await new ScriptedExecutor().connect();
    const [file, missing] = ["f", "missing/f"].map((name) => String(pathToFileURL(join(folder.path, name))));
    const write = { path: missing, dataBase64: btoa("x"), idempotencyKey: "k" };
    await expect(peer.request("fs/writeFile", write)).rejects.toMatchObject({ rpcCode: -32004 });
    await expect(peer.request("fs/writeFile", { ...write, path: file })).rejects.toMatchObject({ rpcCode: -32004 });
    // The key is one per method, and one per session.
    const copy = { sourcePath: file, destinationPath: file, recursive: false, idempotencyKey: "k" };
    await expect(peer.request("fs/copy", copy)).rejects.toMatchObject({ rpcCode: -32004 });
    const other = await new ScriptedExecutor().connect();
    await other.peer.request("fs/writeFile", { ...write, path: file });
    expect(await readFile(join(folder.path, "f"), "utf8")).toBe("x");
  });

  it.each(["", "x".repeat(65), 5])("a key that is none is refused: %j", async (idempotencyKey) => {
    const { peer } = await new ScriptedExecutor().connect();
    const params = { path: "file:///tmp/never", dataBase64: "", idempotencyKey };
    await expect(peer.request("fs/writeFile", params)).rejects.toMatchObject({ rpcCode: -32602 });
  });
});

it("a client that uses none of it is served as by the reference", async () => {
  verifies("02 P-6");
  const { world, peer, child } = await running({ pipeStdin: true });
  await peer.request("process/write", { processId: "p", writeId: "w", chunk: btoa("in") });
  child.print("out");
  child.finish(0);
  await settled();
  expect(child.input).toBe("in");
  expect(child.inputEnded).toBe(false);
  expect(peer.eventsOf("p").map(({ method, params }) => [method, Object.keys(params)])).toEqual([
    ["process/output", ["processId", "seq", "stream", "chunk"]],
    ["process/exited", ["processId", "seq", "exitCode"]],
    ["process/closed", ["processId", "seq"]],
  ]);
  await expect(peer.request("process/start", startParams("p"))).rejects.toMatchObject({ rpcCode: -32600 });
  expect(world.faults).toEqual([]);
});
