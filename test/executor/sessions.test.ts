import { afterEach, describe, expect, it } from "vitest";
import type { RpcError } from "../../src/protocol/errors.ts";
import type { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

let world: ScriptedExecutor;

afterEach(async () => {
  expect(world.faults).toEqual([]);
  for (const child of world.host.children) if (!child.released) child.finish(137);
  await world.executor.close();
  expect(world.executor.counts).toEqual({ connections: 0, sessions: 0, processes: 0 });
  expect(world.clock.pending).toBe(0);
});

function executor(options = {}): ScriptedExecutor {
  world = new ScriptedExecutor(options);
  return world;
}

/** How a resume is answered: with the session, or with the code of the refusal. */
async function resume(sessionId: string): Promise<"resumed" | number> {
  const { peer } = world.open();
  const answer = await peer.answer("initialize", { clientName: "again", resumeSessionId: sessionId });
  if ("error" in answer) {
    expect([
      `unknown session id ${sessionId}`,
      `session ${sessionId} is already attached to another connection`,
    ]).toContain(answer.error.message);
    return answer.error.rpcCode;
  }
  expect(answer.result).toMatchObject({ sessionId });
  peer.notify("initialized");
  return "resumed";
}

describe("a detached session", () => {
  it("can be resumed until just before its 30 s are over, with its processes (02 P-68, P-71)", async () => {
    verifies("02 P-68", "02 P-71", "03 SS-12");
    const { host } = executor();
    const first = await world.connect();
    await first.peer.request("process/start", startParams("p"));
    first.peer.transport.destroy();
    await world.pass(29_999);
    expect(world.executor.counts).toEqual({ connections: 0, sessions: 1, processes: 1 });

    const second = await world.connect(first.sessionId);
    host.last.print("late");
    await settled();
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.peer.eventsOf("p")).toHaveLength(1);
    expect(first.peer.eventsOf("p")).toHaveLength(0);
  });

  it("is gone after 30 s, and every group in it is killed (02 P-71)", async () => {
    verifies("02 P-71", "03 SS-15");
    const { host } = executor();
    const { peer, sessionId } = await world.connect();
    await peer.request("process/start", startParams("a"));
    await peer.request("process/start", startParams("b"));
    peer.transport.destroy();
    await world.pass(30_000);
    expect(host.children.map(({ signals }) => signals)).toEqual([["SIGKILL"], ["SIGKILL"]]);
    expect(host.children.every(({ released }) => released)).toBe(true);
    expect(await resume(sessionId)).toBe(-32600);
  });

  it("expires when it is asked for at the very deadline, though no timer has run yet (03 SS-12)", async () => {
    verifies("03 SS-12", "02 P-72", "03 N-6");
    const { host } = executor();
    const { peer, sessionId } = await world.connect();
    await peer.request("process/start", startParams("p"));
    peer.transport.destroy();
    await settled();
    world.clock.stall(30_000); // the program was suspended: time passed, timers did not run
    expect(await resume(sessionId)).toBe(-32600);
    expect(host.last.signals).toEqual(["SIGKILL"]);
  });

  it("gets its full 30 s again after each detach", async () => {
    verifies("03 SS-14", "03 SS-18");
    executor();
    let { peer, sessionId } = await world.connect();
    for (let round = 0; round < 3; round += 1) {
      peer.transport.destroy();
      await world.pass(29_000);
      ({ peer } = await world.connect(sessionId));
    }
    await world.pass(60_000); // attached: no time runs
    expect(world.executor.counts.sessions).toBe(1);
  });

  it("lives as long as the executor's options say", async () => {
    verifies("03 SS-18");
    executor({ sessionTtlMs: 500 });
    const { peer, sessionId } = await world.connect();
    peer.transport.destroy();
    await world.pass(500);
    expect(await resume(sessionId)).toBe(-32600);
  });

  it("goes to exactly one of many that ask for it in one moment (03 I-13)", async () => {
    verifies("03 I-13", "03 SS-16", "03 N-2");
    executor();
    const { peer, sessionId } = await world.connect();
    peer.transport.destroy();
    await settled();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => resume(sessionId)));
    expect(outcomes.filter((outcome) => outcome === "resumed")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === -32010)).toHaveLength(19);
  });

  it("keeps the output that nobody hears, without stopping the child, and replays nothing (02 P-69, P-70)", async () => {
    verifies("02 P-69", "02 P-70", "02 P-29", "03 SS-41", "03 SS-45", "03 SS-50");
    const { host } = executor({ output: { memoryBytes: 1024 * 1024, spillBytesPerSession: 0, whenFull: "newest" } });
    const { peer, sessionId } = await world.connect();
    await peer.request("process/start", startParams("p"));
    host.last.print("heard");
    peer.transport.destroy();
    await settled();
    for (let chunk = 0; chunk < 100; chunk += 1) host.last.print(new Uint8Array(64 * 1024));
    expect(host.last.paused).toBe(false);
    host.last.print("newest");

    const second = await world.connect(sessionId);
    expect(second.peer.eventsOf("p")).toEqual([]);
    const read = await second.peer.request("process/read", { processId: "p", afterSeq: 1 });
    const chunks = read.chunks as { seq: number; chunk: string }[];
    expect(read.nextSeq).toBe(103);
    expect(chunks[0]?.seq).toBeGreaterThan(2); // the oldest ones are out of the megabyte
    expect(Buffer.from(chunks.at(-1)?.chunk ?? "", "base64").toString()).toBe("newest");
  });
});

describe("a session", () => {
  it("is refused to a second connection while the first one holds it, and that one does not notice (01 W-37)", async () => {
    verifies("01 W-37", "02 P-73", "03 SS-12");
    executor();
    const { peer, sessionId } = await world.connect();
    expect(await resume(sessionId)).toBe(-32010);
    await expect(peer.request("environment/info")).resolves.toBeDefined();
    expect(peer.end).toBeUndefined();
  });

  it("is not known under any other name (03 SS-12)", async () => {
    verifies("03 SS-12", "03 SS-2");
    executor();
    await world.connect();
    for (const id of ["", "nope", "00000000-0000-4000-8000-000000000000"]) expect(await resume(id)).toBe(-32600);
  });

  it("sees none of another session's processes (02 P-2)", async () => {
    verifies("02 P-2", "02 P-74", "03 SS-11");
    const { host } = executor();
    const [a, b] = [await world.connect(), await world.connect()];
    await a.peer.request("process/start", startParams("p"));
    await expect(b.peer.request("process/read", { processId: "p" })).rejects.toMatchObject({ rpcCode: -32600 });
    expect(await b.peer.request("process/terminate", { processId: "p" })).toEqual({ running: false });
    await b.peer.request("process/start", startParams("p"));
    host.children[0]?.print("a's");
    host.children[1]?.print("b's");
    await settled();
    expect(a.peer.eventsOf("p").map(({ params }) => params.chunk)).toEqual([btoa("a's")]);
    expect(b.peer.eventsOf("p").map(({ params }) => params.chunk)).toEqual([btoa("b's")]);
  });

  it("is not used up by an initialize that fails (01 W-36)", async () => {
    verifies("01 W-36", "03 SS-3");
    executor();
    const { peer } = world.open();
    await expect(peer.request("initialize", {})).rejects.toMatchObject({ rpcCode: -32602 });
    await expect(peer.request("initialize", { clientName: "c", resumeSessionId: "gone" })).rejects.toMatchObject({
      rpcCode: -32600,
    });
    await peer.handshake();
    const error = await peer.request("initialize", { clientName: "c" }).catch((refusal: RpcError) => refusal);
    expect(error).toMatchObject({ rpcCode: -32600, message: "initialize may only be sent once per connection" });
    await expect(peer.request("environment/info")).resolves.toBeDefined();
  });

  it("has an unguessable name, and keeps it when it is resumed", async () => {
    verifies("03 SS-1", "03 SS-6");
    executor();
    const first = await world.connect();
    const other = await world.connect();
    expect(first.sessionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(other.sessionId).not.toBe(first.sessionId);
    first.peer.transport.destroy();
    await settled();
    const { peer } = world.open();
    const resumed = { clientName: "again", resumeSessionId: first.sessionId };
    expect(await peer.request("initialize", resumed)).toMatchObject({ sessionId: first.sessionId });
  });

  it("is a new one unless another one is named, by a string", async () => {
    verifies("03 SS-2");
    executor();
    const { sessionId } = await world.connect();
    const names = new Set([sessionId]);
    for (const params of [{ clientName: "c" }, { clientName: "c", resumeSessionId: null }]) {
      names.add(String((await world.open().peer.request("initialize", params)).sessionId));
    }
    expect(names.size).toBe(3);
    for (const resumeSessionId of [5, true, {}, [sessionId]]) {
      const refused = world.open().peer.request("initialize", { clientName: "c", resumeSessionId });
      await expect(refused).rejects.toMatchObject({ rpcCode: -32602 });
    }
  });

  it("does not depend on how its client calls itself, nor on what else it says", async () => {
    verifies("03 SS-4");
    executor();
    const { peer } = world.open();
    await expect(peer.request("initialize", { clientName: null })).rejects.toMatchObject({ rpcCode: -32602 });
    const { sessionId } = await peer.request("initialize", {
      clientName: "",
      proctor: { v: 1 },
      resumeSessionId: null,
    });
    peer.transport.destroy();
    await settled();
    const next = world.open().peer;
    next.send(
      `{"id":1,"x":[],"method":"initialize","params":{"clientName":"other","resumeSessionId":"${sessionId}","y":1}}`,
    );
    await settled();
    expect(next.texts).toHaveLength(1);
    expect(JSON.parse(next.texts[0] ?? "")).toMatchObject({ id: 1, result: { sessionId } });
  });

  it.each([
    ["is cut", (peer: RawConnection) => peer.transport.destroy()],
    ["is closed in order", (peer: RawConnection) => peer.transport.close(1000, "bye")],
    ["breaks the rules", (peer: RawConnection) => peer.notify("no/such/notification")],
  ])("waits to be resumed when its connection %s", async (_, end) => {
    verifies("03 SS-17", "03 SS-13");
    executor();
    const { peer, sessionId } = await world.connect();
    await peer.request("process/start", startParams("p"));
    end(peer);
    await peer.ended;
    await settled();
    expect(world.executor.counts).toEqual({ connections: 0, sessions: 1, processes: 1 });
    expect(await resume(sessionId)).toBe("resumed");
    expect(world.host.last.signals).toEqual([]);
  });

  it("tells of its processes from the moment of the resume, before the handshake is complete", async () => {
    verifies("03 SS-40");
    executor();
    const first = await world.connect();
    await first.peer.request("process/start", startParams("p"));
    first.peer.transport.destroy();
    await settled();
    const { peer } = world.open();
    await peer.request("initialize", { clientName: "again", resumeSessionId: first.sessionId });
    world.host.last.print("at once");
    await settled();
    expect(peer.eventsOf("p").map(({ params }) => params.chunk)).toEqual([btoa("at once")]);
  });

  it("is unknown to an executor that has been started anew", async () => {
    verifies("03 SS-64");
    executor();
    const { sessionId } = await world.connect();
    const { peer } = new ScriptedExecutor().open();
    const resumed = peer.request("initialize", { clientName: "again", resumeSessionId: sessionId });
    await expect(resumed).rejects.toMatchObject({ rpcCode: -32600, message: `unknown session id ${sessionId}` });
  });
});
