import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProcessLostError, type RemoteEvent, type StartOptions } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { settled } from "../scripted-link.ts";
import { readAnswer, ScriptedDials } from "./scripted-dials.ts";

let world: ScriptedDials;

beforeEach(() => {
  world = new ScriptedDials();
});

afterEach(() => expect(world.faults).toEqual([]));

const chunk = (seq: number) => ({ seq, stream: "stdout", chunk: btoa(`${seq} `) });

/** A process that runs on a link, and all that is heard of it. */
async function running(options: StartOptions = {}) {
  const link = await world.connect();
  const starting = link.start(["program"], options);
  await settled();
  const processId = String(world.peer.last.params.processId);
  world.peer.answer({ processId });
  const process = await starting;
  const events: RemoteEvent[] = [];
  process.events$.subscribe({ next: (event) => events.push(event), error: () => undefined });
  const push = (...seqs: number[]) => {
    for (const seq of seqs) world.peer.notify("process/output", { processId, ...chunk(seq) });
  };
  const seen = () => events.map((event) => (event.type === "gap" ? `lost ${event.fromSeq}-${event.toSeq}` : event.seq));
  return { link, process, processId, push, seen };
}

const reads = () => world.peer.requests.filter(({ method }) => method === "process/read");

describe("a number that is missing while later ones come (03 D-6)", () => {
  it("is read when it has been missing for 250 ms, from the last that came", async () => {
    verifies("03 D-6");
    const { process, processId, push, seen } = await running();
    push(1, 3, 4);
    await world.pass(249);
    expect(reads()).toEqual([]);
    await world.pass(1);
    expect(reads().map(({ params }) => params)).toEqual([{ processId, afterSeq: 1, maxBytes: null, waitMs: 0 }]);
    push(5);
    world.peer.answer(readAnswer({ chunks: [2, 3, 4].map(chunk), nextSeq: 5 }));
    await settled();
    expect(seen()).toEqual([1, 2, 3, 4, 5]);
    expect(process.lastSeq).toBe(5);
    await world.pass(1_000);
    expect(reads()).toHaveLength(1);
  });

  it("is waited for from when it was missed, not from when another was", async () => {
    verifies("03 D-6");
    const { push, seen } = await running();
    push(1, 3, 5);
    await world.pass(200);
    push(2); // now 4 is missing
    await world.pass(249);
    expect(reads()).toEqual([]);
    await world.pass(1);
    expect(reads()[0]?.params).toMatchObject({ afterSeq: 3 });
    push(4);
    await settled();
    expect(seen()).toEqual([1, 2, 3, 4, 5]);
  });

  it("costs nothing as long as none is: no read, and no timer, however many events come in whatever order", async () => {
    verifies("03 D-6");
    const { push, seen } = await running();
    const { pending } = world.clock;
    for (let seq = 1; seq < 2_000; seq += 2) {
      push(seq + 1, seq);
      if (seq % 100 === 1) await world.pass(100);
      if (seq % 100 === 1) expect(world.clock.pending).toBe(pending);
    }
    await settled();
    expect(reads()).toEqual([]);
    expect(seen()).toHaveLength(2_000);
  });

  it("has one timer, however much is missing", async () => {
    verifies("03 D-6");
    const { push } = await running();
    const { pending } = world.clock;
    for (let seq = 2; seq < 1_000; seq += 2) push(seq);
    await settled();
    expect(world.clock.pending).toBe(pending + 1);
  });

  it("is left to the recovery when the connection is lost meanwhile", async () => {
    verifies("03 D-6");
    const { link, push, seen } = await running();
    push(1, 3);
    await settled();
    world.mode = "refuse";
    await world.cut();
    await world.pass(1_000);
    world.mode = "accept";
    await world.pass(150);
    expect(reads().map(({ params }) => params.afterSeq)).toEqual([1]);
    world.peer.answer(readAnswer({ chunks: [2, 3].map(chunk), nextSeq: 4 }));
    await settled();
    expect(seen()).toEqual([1, 2, 3]);
    await world.pass(1_000);
    expect(reads()).toHaveLength(1);
    const closing = link.close();
    await world.pass(1_000);
    await closing;
    expect(world.clock.pending).toBe(0);
  });
});

/** What an executor answers that has kept the newest output only. */
const holed = readAnswer({ chunks: [8, 9].map(chunk), nextSeq: 10 });

describe("events that are lost for good", () => {
  it("fail the process, with what is known: the lost numbers, the last that came, and that it was terminated (03 D-18)", async () => {
    verifies("03 D-18", "03 D-2");
    const { process, processId, push } = await running();
    const text = process.text().catch((error: unknown) => error);
    push(1, 2);
    await settled();
    await world.cut();
    world.peer.answer(holed);
    await settled();
    const error = await process.closed.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProcessLostError);
    expect(error).toMatchObject({
      processId,
      lastSeq: 2,
      lost: { fromSeq: 3, toSeq: 7 },
      wasTerminated: true,
      effect: "unknown",
    });
    expect(await text).toBe(error);
    expect(process.wasTerminated).toBe(true);
    expect(world.peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
  });

  it("fail it without numbers when the executor does not know it any more", async () => {
    verifies("03 D-18");
    const { process, processId, push } = await running();
    push(1);
    await settled();
    await world.cut();
    world.peer.refuse(-32600, `unknown process id ${processId}`);
    await expect(process.exited).rejects.toMatchObject({ code: "processLost", lastSeq: 1, lost: null });
  });

  it("are marked where the user wants that, and the process goes on behind them (03 D-2)", async () => {
    verifies("03 D-2");
    const { link, process, push, seen } = await running({ onGap: "mark" });
    const text = process.text();
    push(1, 2);
    await settled();
    await world.cut();
    world.peer.answer(holed);
    await settled();
    expect(link.state.value).toBe("Connected");
    push(10, 5);
    await settled();
    expect(seen()).toEqual([1, 2, "lost 3-7", 8, 9, 10]);
    expect(world.peer.requests.map(({ method }) => method)).not.toContain("process/terminate");
    expect(process.wasTerminated).toBe(false);
    world.peer.notify("process/exited", { processId: process.processId, seq: 11, exitCode: 0 });
    world.peer.notify("process/closed", { processId: process.processId, seq: 12 });
    expect(await text).toBe("1 2 8 9 10 ");
    expect(await process.exited).toMatchObject({ exitCode: 0 });
  });

  it("are marked also where the exit is among them: that is the last of the lost", async () => {
    verifies("03 D-2");
    const { process, push, seen } = await running({ onGap: "mark" });
    push(1);
    await settled();
    await world.cut();
    world.peer.answer(readAnswer({ chunks: [chunk(7)], nextSeq: 9, exited: true, exitCode: 3, closed: true }));
    expect(await process.exited).toMatchObject({ exitCode: 3 });
    await process.closed;
    expect(seen()).toEqual([1, "lost 2-5", 6, 7, 8]);
  });

  it("are marked page by page where the executor offers pages (03 D-2)", async () => {
    verifies("03 D-2");
    world.answersHandshake = false;
    const offer = { v: 1, sessionTtlMs: 30_000, features: ["pages"] };
    const connecting = running({ onGap: "mark" });
    await settled();
    world.peer.answer({ sessionId: "s", proctor: offer });
    await settled();
    const { process, push, seen } = await connecting;
    push(1);
    await settled();
    await world.cut();
    world.peer.answer({ sessionId: "s", proctor: offer });
    await settled();
    const page = { exited: true, exitCode: 4, exitSeq: 8, closed: true };
    world.peer.answer(readAnswer({ ...page, chunks: [chunk(5)], nextSeq: 6 }));
    await settled();
    world.peer.answer(readAnswer({ ...page, chunks: [chunk(7)], nextSeq: 8 }));
    await settled();
    world.peer.answer(readAnswer({ ...page, nextSeq: 10 }));
    await process.closed;
    expect(seen()).toEqual([1, "lost 2-4", 5, "lost 6-6", 7, 8, 9]);
  });
});
