import { expect, it } from "vitest";
import { connectionLimits } from "../../src/actors/connection-limits.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

const takenOver = { rpcCode: -32600, message: "session has been resumed by another connection" };

it("a holder that stays silent for 1.5 s loses its session to whoever asks again (03 D-1)", async () => {
  verifies("03 D-1");
  const world = new ScriptedExecutor();
  const old = await world.connect();
  await old.peer.request("process/start", startParams("p"));
  old.line.stall();

  const next = world.open().peer;
  const ask = () => next.request("initialize", { clientName: "next", resumeSessionId: old.sessionId });
  await expect(ask()).rejects.toMatchObject({ rpcCode: -32010 });
  await world.pass(1_499);
  await expect(ask()).rejects.toMatchObject({ rpcCode: -32010 });
  await world.pass(1);
  await expect(ask()).resolves.toMatchObject({ sessionId: old.sessionId });
  next.notify("initialized");

  world.host.last.print("for the new one");
  await settled();
  expect(next.eventsOf("p")).toHaveLength(1);
  expect(world.host.last.signals).toEqual([]);
  expect(world.faults).toEqual([]);
});

it("a holder that gives a sign of life keeps its session, however often others ask (03 D-1)", async () => {
  verifies("03 D-1");
  const world = new ScriptedExecutor();
  const holder = await world.connect();
  const other = world.open().peer;
  for (let round = 0; round < 5; round += 1) {
    const answer = other.request("initialize", { clientName: "other", resumeSessionId: holder.sessionId });
    await expect(answer).rejects.toMatchObject({ rpcCode: -32010 });
    await world.pass(1_500);
  }
  expect(holder.peer.end).toBeUndefined();
  await expect(holder.peer.request("environment/info")).resolves.toBeDefined();
});

it("an evicted connection gets an answer to each long poll, then the close frame 1002, and nothing more (01 W-47)", async () => {
  verifies("01 W-47", "02 P-41", "03 SS-19");
  const world = new ScriptedExecutor();
  const old = await world.connect();
  await old.peer.request("process/start", startParams("p"));
  const polls = [1, 2, 3].map(() => old.peer.request("process/read", { processId: "p", waitMs: 60_000 }));
  await settled();
  old.line.stall();
  const next = world.open().peer;
  const ask = () => next.request("initialize", { clientName: "next", resumeSessionId: old.sessionId });
  await expect(ask()).rejects.toMatchObject({ rpcCode: -32010 });
  await world.pass(1_500);
  await ask();
  world.host.last.print("not for the old one");
  old.line.heal();

  for (const poll of polls) await expect(poll).rejects.toMatchObject(takenOver);
  await expect(old.peer.ended).resolves.toMatchObject({ code: 1002, reason: takenOver.message });
  expect(old.peer.eventsOf("p")).toEqual([]);
  await settled();
  expect(world.executor.counts.connections).toBe(1);
});

it("an evicted connection that never reacts is cut off within a second", async () => {
  const world = new ScriptedExecutor();
  const old = await world.connect();
  old.line.stall();
  const next = world.open().peer;
  const ask = () => next.request("initialize", { clientName: "next", resumeSessionId: old.sessionId });
  await expect(ask()).rejects.toMatchObject({ rpcCode: -32010 });
  await world.pass(1_500);
  await world.pass(1_000);
  old.line.heal(); // lets the ends of a simulated line meet; the executor has given up already
  await expect(old.peer.ended).resolves.toMatchObject({ code: 1006 });
});

it("a write that waits for room is refused on eviction, and was not applied (02 P-47)", async () => {
  verifies("02 P-47", "03 SS-19");
  const world = new ScriptedExecutor();
  const old = await world.connect();
  await old.peer.request("process/start", startParams("p", { pipeStdin: true }));
  const child = world.host.last;
  child.readsStdin = false;
  const write = (writeId: string) =>
    old.peer.request("process/write", { processId: "p", writeId, chunk: btoa(`${writeId} `) });
  for (let id = 0; id < 129; id += 1) await write(`w${id}`);
  const parked = write("parked");
  await settled();
  old.line.stall();
  const next = world.open().peer;
  const ask = () => next.request("initialize", { clientName: "next", resumeSessionId: old.sessionId });
  await expect(ask()).rejects.toMatchObject({ rpcCode: -32010 });
  await world.pass(1_500);
  await ask();
  next.notify("initialized");
  old.line.heal();
  await expect(parked).rejects.toMatchObject(takenOver);

  child.readsStdin = true;
  child.readStdin();
  await settled();
  expect(child.input).not.toContain("parked");
  const again = { processId: "p", writeId: "parked", chunk: btoa("parked ") };
  await expect(next.request("process/write", again)).resolves.toEqual({ status: "accepted" });
  expect(child.input.endsWith("w128 parked ")).toBe(true);
});

it("a connection may have 1024 long polls at once, and one more is refused, not queued (01 B-1)", async () => {
  verifies("01 B-1", "02 P-40");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const poll = () => peer.answer("process/read", { processId: "p", waitMs: 60_000 });
  const waiting = Array.from({ length: connectionLimits.waits }, poll);
  await expect(poll()).resolves.toMatchObject({ error: { rpcCode: -32600 } });
  await expect(peer.request("environment/info")).resolves.toBeDefined();
  world.host.last.print("news");
  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ result: { nextSeq: 2 } });
});
