import { expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

async function running() {
  const world = new ScriptedExecutor();
  const connection = await world.connect();
  await connection.peer.request("process/start", startParams("p"));
  return { world, ...connection, child: world.host.last };
}

it("what is not there is null in an answer, not left out", async () => {
  verifies("01 W-29", "02 P-36");
  const { peer } = await running();
  expect(await peer.request("process/read", { processId: "p" })).toEqual({
    chunks: [],
    nextSeq: 1,
    exited: false,
    exitCode: null,
    closed: false,
    failure: null,
    sandboxDenied: false,
    exitSeq: null,
    usage: null,
  });
  await expect(peer.request("process/read", { processId: "q" })).rejects.toMatchObject({ data: undefined });
});

it("nobody waits for a process that is not there", async () => {
  verifies("02 P-39");
  const { world, peer } = await running();
  const poll = peer.request("process/read", { processId: "q", waitMs: 3_600_000 });
  await expect(poll).rejects.toMatchObject({ rpcCode: -32600, message: "unknown process id q" });
  expect(world.clock.now()).toBe(0);
});

it("a reader that goes on at nextSeq - 1 until the close gets every event once, in pages of any size", async () => {
  verifies("02 P-33", "02 P-42", "03 SS-51");
  for (const maxBytes of [null, 0, 1, 7, 1_000]) {
    const { peer, child } = await running();
    const words = Array.from({ length: 20 }, (_, n) => `${n} `.repeat(n + 1));
    let read = "";
    let afterSeq: number | null = null;
    for (;;) {
      const word = words.shift();
      if (word === undefined) child.finish(3);
      else child.print(word);
      const answer = await peer.request("process/read", { processId: "p", afterSeq, maxBytes, waitMs: 1_000 });
      const chunks = answer.chunks as { seq: number; chunk: string }[];
      for (const { seq, chunk } of chunks) {
        expect(seq).toBeGreaterThan(afterSeq ?? 0);
        read += atob(chunk);
      }
      afterSeq = Number(answer.nextSeq) - 1;
      if (answer.closed === true && chunks.length === 0) break;
    }
    expect(read).toBe(Array.from({ length: 20 }, (_, n) => `${n} `.repeat(n + 1)).join(""));
    expect(afterSeq).toBe(22);
  }
});

it("an event in the very moment of a poll wakes it", async () => {
  verifies("02 S-10");
  const { world, peer, child } = await running();
  // Between each two steps that the request takes on its way, and there is none at which the news could get lost.
  for (let step = 0; step < 12; step += 1) {
    const afterSeq = Number((await peer.request("process/read", { processId: "p" })).nextSeq) - 1;
    const poll = peer.request("process/read", { processId: "p", afterSeq, waitMs: 60_000 });
    for (let turn = 0; turn < step; turn += 1) await Promise.resolve();
    child.print("now");
    await expect(poll).resolves.toMatchObject({ nextSeq: afterSeq + 2 });
  }
  expect(world.clock.now()).toBe(0);
});

it("after a resume every event is in a catch-up read, or is pushed, or both", async () => {
  verifies("03 SS-41", "03 SS-42", "03 I-7");
  for (let step = 0; step < 12; step += 1) {
    const { world, peer, child, sessionId } = await running();
    peer.transport.destroy();
    await settled();
    const next = world.open().peer;
    const resumed = next.request("initialize", { clientName: "next", resumeSessionId: sessionId });
    for (let turn = 0; turn < step; turn += 1) {
      child.print(`${turn}`);
      await Promise.resolve();
    }
    await resumed;
    next.notify("initialized");
    child.print("a");
    const read = next.request("process/read", { processId: "p" });
    child.print("b");
    child.finish(0);
    await settled();
    const inRead = ((await read).chunks as { seq: number }[]).map(({ seq }) => seq);
    const pushed = next.eventsOf("p").map(({ params }) => Number(params.seq));
    const all = new Set([...inRead, ...pushed]);
    expect([...all].toSorted((a, b) => a - b)).toEqual(Array.from({ length: step + 4 }, (_, n) => n + 1));
  }
});
