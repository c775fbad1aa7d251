import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { MemoryJournal } from "../memory-journal.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, type ScriptedOptions, settled, startParams } from "./scripted-executor.ts";

/** An executor with a journal, a session, and processes that have begun. */
async function begun(processIds: readonly string[], options: ScriptedOptions = {}) {
  const journal = new MemoryJournal();
  const world = new ScriptedExecutor({ journal, ...options });
  const connection = await world.connect();
  for (const id of processIds) await connection.peer.request("process/start", startParams(id, { startId: `of ${id}` }));
  /** Another executor on the same journal; the first one is never heard of again. */
  const restarted = async () => {
    const next = new ScriptedExecutor({ journal, ...options });
    await settled();
    return next;
  };
  return { journal, world, ...connection, restarted };
}

const everything = { afterSeq: 0, maxBytes: null, waitMs: 0 };
const chunk = (seq: number, text: string, stream = "stdout") => ({ seq, stream, chunk: btoa(text) });

it("a process that died with its executor gives its output, then exit 137 and its close (03 D-8)", async () => {
  verifies("03 D-8");
  const { world, sessionId, restarted } = await begun(["p"]);
  world.host.last.print("one");
  world.host.last.print("two", "stderr");
  const { peer } = await (await restarted()).connect(sessionId);
  await expect(peer.request("process/read", { processId: "p", ...everything })).resolves.toEqual({
    chunks: [chunk(1, "one"), chunk(2, "two", "stderr")],
    nextSeq: 5,
    exited: true,
    exitCode: 137,
    closed: true,
    failure: null,
    sandboxDenied: false,
    exitSeq: 3,
    usage: null,
  });
  await expect(peer.request("session/list")).resolves.toEqual({
    processes: [{ processId: "p", state: "closed", exitCode: 137, nextSeq: 5 }],
  });
});

it("nothing is pushed that the journal does not have: a number never comes to mean anything else (03 D-8)", async () => {
  verifies("03 D-8");
  const journal = new MemoryJournal();
  const world = new ScriptedExecutor({ journal });
  const [client, executor] = memoryTransportPair();
  const pushed: { readonly seq: number; readonly writtenSeq: number }[] = [];
  void world.executor.accept({
    kind: executor.kind,
    peer: executor.peer,
    queuedBytes: 0,
    open: (listener) => executor.open(listener),
    pause: () => executor.pause(),
    resume: () => executor.resume(),
    ping: () => executor.ping(),
    close: (code, reason) => executor.close(code, reason),
    destroy: () => executor.destroy(),
    send: (text) => {
      const { seq } = JSON.parse(String(text)).params ?? {};
      const [written] = journal.processes;
      if (seq !== undefined) pushed.push({ seq, writtenSeq: written?.lastSeq ?? 0 });
      executor.send(text);
    },
  });
  const peer = new RawConnection(client);
  await peer.handshake();
  await peer.request("process/start", startParams("p"));
  world.host.last.print("a");
  world.host.last.print("b", "stderr");
  world.host.last.finish(0);
  // The close is written nowhere: it is the number behind the last one.
  expect(pushed).toEqual([1, 2, 3, 4].map((seq) => ({ seq, writtenSeq: Math.min(seq, 3) })));
});

it("what was known of an end stays as it was: its number, its code, and what came behind it", async () => {
  const { world, sessionId, restarted } = await begun(["p"]);
  const child = world.host.last;
  child.print("before");
  child.exit(3);
  child.print("behind");
  for (let restarts = 0; restarts < 2; restarts += 1) {
    const { peer } = await (await restarted()).connect(sessionId);
    await expect(peer.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
      chunks: [chunk(1, "before"), chunk(3, "behind")],
      exitSeq: 2,
      exitCode: 3,
      closed: true,
      nextSeq: 5,
    });
  }
});

it("what an exit says besides its code is the same after a restart, in every way of asking", async () => {
  const { world, peer, sessionId, restarted } = await begun([]);
  await peer.request("process/start", startParams("p", { timeLimitMs: 1_000 }));
  await world.pass(1_000);
  const usage = { userCpuMs: 1, systemCpuMs: 2, peakMemoryBytes: 3 };
  world.host.last.exit(143, usage);
  await settled();
  const { peer: later } = await (await restarted()).connect(sessionId);
  await expect(later.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
    exitCode: 143,
    timedOut: true,
    usage,
  });
  await expect(later.request("session/list")).resolves.toEqual({
    processes: [{ processId: "p", state: "closed", exitCode: 143, timedOut: true, nextSeq: 3 }],
  });
});

it("a restored result waits until its client has it, then as long as any other (03 D-3)", async () => {
  verifies("03 D-3", "03 D-8");
  const { sessionId, restarted } = await begun(["p"]);
  const next = await restarted();
  const { peer } = await next.connect(sessionId);
  await next.pass(100_000);
  expect(next.executor.waitingResults).toBe(1);
  await peer.request("process/read", { processId: "p", ...everything });
  await next.pass(29_999);
  expect(next.executor.counts.processes).toBe(1);
  await next.pass(1);
  expect(next.executor.counts.processes).toBe(0);
});

it("an end that a restart brought about is the same after the next one", async () => {
  const { world, sessionId, restarted } = await begun(["p"]);
  world.host.last.print("one");
  await restarted();
  const { peer } = await (await restarted()).connect(sessionId);
  await expect(peer.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
    chunks: [chunk(1, "one")],
    exitSeq: 2,
    exitCode: 137,
    nextSeq: 4,
  });
});

it("a start that was not answered is known again by its startId, and never made twice (03 D-4)", async () => {
  const { world, peer, sessionId, restarted } = await begun([]);
  world.host.holdsSpawns = true;
  void peer.answer("process/start", startParams("p", { startId: "s" }));
  await settled();
  const next = await restarted();
  const { peer: later } = await next.connect(sessionId);
  await expect(later.request("process/start", startParams("p", { startId: "s" }))).resolves.toEqual({ processId: "p" });
  await expect(later.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
    exitCode: 137,
  });
  expect(next.host.children).toEqual([]);
});

it("a start that failed leaves nothing to a later executor, though that of before was stopping", async () => {
  const { world, peer, journal } = await begun([]);
  world.host.holdsSpawns = true;
  void peer.answer("process/start", startParams("p"));
  await settled();
  void world.executor.close();
  await settled();
  world.host.failSpawn(new Error("no such thing"));
  await settled();
  expect({ sessions: journal.sessions.size, processes: journal.processes }).toEqual({ sessions: 1, processes: [] });
});

it("to a dead process nothing can be done, and nothing goes wrong", async () => {
  const { sessionId, restarted } = await begun(["p"]);
  const next = await restarted();
  const { peer } = await next.connect(sessionId);
  const write = { processId: "p", writeId: "w", chunk: btoa("x") };
  await expect(peer.request("process/write", write)).resolves.toEqual({ status: "stdinClosed" });
  await expect(peer.request("process/signal", { processId: "p", signal: "interrupt" })).resolves.toEqual({});
  await expect(peer.request("process/kill", { processId: "p", signal: "SIGTERM" })).resolves.toEqual({});
  await expect(peer.request("process/resize", { processId: "p", rows: 1, cols: 1 })).resolves.toEqual({});
  await expect(peer.request("process/closeStdin", { processId: "p" })).resolves.toEqual({});
  await expect(peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  expect(next.faults).toEqual([]);
});

it("a restored session has its whole time before it, then it is over and its journal empty (03 SS-13)", async () => {
  verifies("03 SS-13");
  const { journal, sessionId, restarted } = await begun(["p"], { sessionTtlMs: 10_000 });
  const next = await restarted();
  await next.pass(9_999);
  expect(next.executor.counts).toMatchObject({ sessions: 1, processes: 1 });
  await next.pass(1);
  expect(next.executor.counts).toMatchObject({ sessions: 0, processes: 0 });
  expect(journal.sessions.size).toBe(0);
  const { peer } = next.open();
  await expect(peer.handshake(sessionId)).rejects.toMatchObject({ message: `unknown session id ${sessionId}` });
});

it("a session that was ended, and a process that was forgotten, do not come back", async () => {
  const { journal, world, peer, restarted } = await begun(["forgotten", "kept"]);
  world.host.children[0]!.finish(0);
  await world.pass(60_000);
  await world.pass(60_000);
  expect(journal.processes.map(({ start }) => start.processId)).toEqual(["kept"]);
  await peer.request("session/end");
  await settled();
  expect((await restarted()).executor.counts.sessions).toBe(0);
});

it("an executor that stops leaves the true end of its processes to the next one (03 SS-66)", async () => {
  verifies("03 SS-66");
  const { world, sessionId, restarted } = await begun(["p"]);
  const child = world.host.last;
  child.print("one");
  const closing = world.executor.close();
  await settled();
  child.print("last words");
  child.finish(7);
  await closing;
  const { peer } = await (await restarted()).connect(sessionId);
  await expect(peer.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
    chunks: [chunk(1, "one"), chunk(2, "last words")],
    exitCode: 7,
    exitSeq: 3,
    closed: true,
  });
});

it("where the end of the journal may be lost, clients find a gap, and no number with another meaning", async () => {
  const { journal, world, sessionId, restarted } = await begun(["p"]);
  world.host.last.print("one");
  journal.isComplete = false;
  const { peer } = await (await restarted()).connect(sessionId);
  const { exitSeq, nextSeq, chunks } = await peer.request("process/read", { processId: "p", ...everything });
  expect(chunks).toEqual([chunk(1, "one")]);
  expect(exitSeq).toBeGreaterThan(1_000_000);
  expect(nextSeq).toBe(Number(exitSeq) + 2);
});

it("a journal that is full costs the process its life beyond the executor, and nothing else", async () => {
  const { journal, world, peer, sessionId, restarted } = await begun(["p", "q"]);
  const [p, q] = world.host.children;
  p!.print("one");
  q!.print("one");
  journal.isFull = true;
  p!.print("two");
  p!.print("three");
  expect(world.journalErrors).toMatchObject([{ code: "journal" }]);
  await expect(peer.request("process/read", { processId: "p", ...everything })).resolves.toMatchObject({
    chunks: [chunk(1, "one"), chunk(2, "two"), chunk(3, "three")],
  });
  await peer.request("process/start", startParams("r"));
  expect(world.journalErrors).toHaveLength(2);
  journal.isFull = false;
  const { peer: later } = await (await restarted()).connect(sessionId);
  await expect(later.request("process/read", { processId: "p" })).rejects.toMatchObject({
    message: "unknown process id p",
  });
  await expect(later.request("process/read", { processId: "q" })).resolves.toMatchObject({ chunks: [chunk(1, "one")] });
  expect(world.faults).toEqual([]);
});

it("a session whose calls cannot be written down does not come back, lest they be made twice", async () => {
  const { journal, world, peer, sessionId, restarted } = await begun([]);
  journal.isFull = true;
  const make = { path: "file:///proc/nothing", recursive: false, idempotencyKey: "k" };
  await expect(peer.request("fs/createDirectory", make)).rejects.toBeDefined();
  expect(world.journalErrors).toMatchObject([{ code: "journal" }]);
  journal.isFull = false;
  const { peer: later } = (await restarted()).open();
  await expect(later.handshake(sessionId)).rejects.toMatchObject({ message: `unknown session id ${sessionId}` });
});

it("what memory lets go of is read from the journal, and counts against the disk (03 D-2)", async () => {
  verifies("03 D-2");
  const MIB = 1024 * 1024;
  const output = { memoryBytes: MIB, spillBytesPerSession: MIB };
  const { world, peer, sessionId } = await begun(["p"], { output });
  peer.transport.destroy();
  await settled();
  const child = world.host.last;
  const piece = (index: number) => new Uint8Array(65_536).fill(index);
  for (let index = 0; index < 31; index += 1) child.print(piece(index));
  expect(child.paused).toBe(false);
  for (let index = 31; index < 34; index += 1) child.print(piece(index));
  expect(child.paused).toBe(true);
  const { peer: later } = await world.connect(sessionId);
  const { chunks } = await later.request("process/read", { processId: "p", ...everything });
  const read = (chunks as { chunk: string }[]).map((one) => Buffer.from(one.chunk, "base64"));
  expect(read.map((bytes) => [bytes.length, bytes[0]])).toEqual(read.map((_, index) => [65_536, index]));
  expect(read).toHaveLength(34);
});

it("a call that changed something is not made again after the restart: its effect is unknown (03 D-5)", async () => {
  verifies("03 D-5");
  const { peer, sessionId, restarted } = await begun([]);
  const folder = await mkdtemp(join(tmpdir(), "proctor-restart-"));
  const make = { path: pathToFileURL(join(folder, "new")).href, recursive: false, idempotencyKey: "k" };
  await peer.request("fs/createDirectory", make);
  const { peer: later } = await (await restarted()).connect(sessionId);
  await expect(later.request("fs/createDirectory", make)).rejects.toMatchObject({
    effect: "unknown",
    message: "the executor was restarted during this call; whether it was done is not known",
  });
  await rm(folder, { recursive: true });
});
