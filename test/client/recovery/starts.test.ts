import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DisconnectedError, type StartOptions } from "../../../src/index.ts";
import { verifies } from "../../rules/verifies.ts";
import { settled } from "../scripted-link.ts";
import { readAnswer, ScriptedDials } from "./scripted-dials.ts";

let world: ScriptedDials;

beforeEach(() => {
  world = new ScriptedDials();
});

afterEach(() => expect(world.faults).toEqual([]));

/** A start whose answer is lost, up to the question what became of it. */
async function ambiguousStart(options: StartOptions = {}) {
  const link = await world.connect();
  const starting = link.start(["program"], options);
  starting.catch(() => undefined);
  await settled();
  const { processId } = world.peer.last.params;
  await world.cut();
  await settled();
  return { link, starting, processId };
}

describe("a start whose answer is lost (03 D-4)", () => {
  it("is adopted when the executor knows the process, with all that it has printed", async () => {
    verifies("03 D-4");
    const { starting, processId } = await ambiguousStart();
    expect(world.peer.last).toMatchObject({
      method: "process/read",
      params: { processId, afterSeq: 0, maxBytes: null },
    });
    world.peer.notify("process/output", { processId, seq: 2, stream: "stdout", chunk: btoa("two ") });
    world.peer.answer(
      readAnswer({
        chunks: [
          { seq: 1, stream: "stdout", chunk: btoa("one ") },
          { seq: 2, stream: "stdout", chunk: btoa("two ") },
        ],
        nextSeq: 5,
        exited: true,
        exitCode: 3,
        closed: true,
      }),
    );
    const process = await starting;
    expect(await process.text()).toBe("one two ");
    expect(await process.exited).toMatchObject({ exitCode: 3 });
    await process.closed;
  });

  it("fails with an unknown effect when the executor does not know it: it may have run (SS-31)", async () => {
    verifies("03 D-4", "03 CL-22");
    const { link, starting, processId } = await ambiguousStart();
    world.peer.refuse(-32600, `unknown process id ${processId}`);
    await expect(starting).rejects.toBeInstanceOf(DisconnectedError);
    await expect(starting).rejects.toMatchObject({ method: "process/start", effect: "unknown" });
    expect(link.state).toMatchObject({ value: "Connected", generation: 2 });
  });

  it("is made again, under the same id, when its caller allows it", async () => {
    verifies("03 D-4");
    const { starting, processId } = await ambiguousStart({ repeatStart: true });
    world.peer.refuse(-32600, `unknown process id ${processId}`);
    await settled();
    expect(world.peer.last).toMatchObject({ method: "process/start", params: { processId, argv: ["program"] } });
    world.peer.answer({ processId });
    expect((await starting).processId).toBe(processId);
  });

  it("is asked for again while it goes on, and taken for stuck after 2 s: then it is removed", async () => {
    verifies("03 D-4", "03 SS-31");
    const { starting, processId } = await ambiguousStart();
    for (let poll = 0; poll < 20; poll += 1) {
      expect(world.peer.last.method).toBe("process/read");
      world.peer.refuse(-32600, `process id ${processId} is starting`);
      await world.pass(100);
    }
    world.peer.refuse(-32600, `process id ${processId} is starting`);
    await expect(starting).rejects.toMatchObject({ code: "disconnected", effect: "unknown" });
    expect(world.peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
  });

  it("is adopted when it is done at the third question", async () => {
    verifies("03 D-4");
    const { starting, processId } = await ambiguousStart();
    for (let poll = 0; poll < 2; poll += 1) {
      world.peer.refuse(-32600, `process id ${processId} is starting`);
      await world.pass(100);
    }
    world.peer.answer(readAnswer());
    expect((await starting).processId).toBe(processId);
  });

  it("is asked for again when the connection is lost in the middle of the question", async () => {
    verifies("03 D-4");
    const { starting, processId } = await ambiguousStart();
    await world.cut();
    expect(world.peers).toHaveLength(3);
    expect(world.peer.last).toMatchObject({ method: "process/read", params: { processId } });
    world.peer.answer(readAnswer());
    expect((await starting).processId).toBe(processId);
  });

  it("is ended on the executor when its caller gives up meanwhile (03 CL-52)", async () => {
    verifies("03 CL-52");
    const controller = new AbortController();
    const { starting, processId } = await ambiguousStart({ signal: controller.signal });
    const reason = new Error("never mind");
    controller.abort(reason);
    await expect(starting).rejects.toBe(reason);
    await settled();
    expect(world.peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
  });

  it("fails, and its process is ended, when the beginning of its output is lost (03 CL-44)", async () => {
    verifies("03 CL-44", "03 I-4");
    const { starting, processId } = await ambiguousStart();
    world.peer.answer(readAnswer({ chunks: [{ seq: 100, stream: "stdout", chunk: "" }], nextSeq: 101 }));
    await expect(starting).rejects.toMatchObject({ code: "processLost", effect: "unknown" });
    await settled();
    expect(world.peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
  });

  it("is asked for page by page where the executor offers pages, however much it has printed (03 D-2)", async () => {
    verifies("03 D-2", "03 D-4");
    world.answersHandshake = false;
    const offer = { v: 1, sessionTtlMs: 30_000, features: ["pages"] };
    const connecting = world.connect();
    await settled();
    world.peer.answer({ sessionId: "s", proctor: offer });
    const link = await connecting;
    const starting = link.start(["program"]);
    await settled();
    const { processId } = world.peer.last.params;
    await world.cut();
    world.peer.answer({ sessionId: "s", proctor: offer });
    await settled();
    const page = (seq: number, text: string) => {
      const chunks = text === "" ? [] : [{ seq, stream: "stdout", chunk: btoa(text) }];
      return readAnswer({ chunks, nextSeq: seq + 1, exited: true, exitCode: 0, exitSeq: 3, closed: true });
    };
    const asked: unknown[] = [];
    for (const [seq, text] of [
      [1, "one "],
      [2, "two "],
      [4, ""],
    ] as const) {
      asked.push(world.peer.last.params);
      world.peer.answer(page(seq, text));
      await settled();
    }
    expect(asked).toEqual([0, 1, 3].map((afterSeq) => ({ processId, afterSeq, maxBytes: 1_048_576, waitMs: 0 })));
    const process = await starting;
    expect(await process.text()).toBe("one two ");
    expect(await process.exited).toMatchObject({ exitCode: 0 });
  });

  it("fails with the link when that cannot be recovered (03 CL-47)", async () => {
    verifies("03 CL-47");
    world.mode = "accept";
    const link = await world.connect();
    const starting = link.start(["program"]);
    starting.catch(() => undefined);
    await settled();
    world.mode = "refuse";
    await world.cut();
    await world.pass(25_000);
    await expect(starting).rejects.toMatchObject({ code: "linkFailed", effect: "unknown" });
    expect(link.state.value).toBe("Failed");
    expect(world.clock.pending).toBe(0);
  });
});

describe("a start that was not sent yet", () => {
  it("waits for the recovery and holds it up in no way (03 CL-50)", async () => {
    verifies("03 CL-50");
    const link = await world.connect();
    world.mode = "refuse";
    await world.cut();
    const starting = link.start(["program"]);
    await settled();
    world.mode = "accept";
    await world.pass(60);
    expect(link.state.value).toBe("Connected");
    const { method, params } = world.peer.last;
    expect(method).toBe("process/start");
    world.peer.answer({ processId: params.processId });
    expect((await starting).processId).toBe(params.processId);
  });

  it("behind a full window neither: those that were sent are asked for, the others sent", async () => {
    verifies("03 CL-50");
    const link = await world.connect();
    const starts = Array.from({ length: 100 }, () => link.start(["program"]));
    await settled();
    const sent = world.peer.requests.length - 1;
    await world.cut();
    expect(link.state.value).toBe("Connected");
    const seen = new Set<unknown>();
    for (let round = 0; seen.size < 100 && round < 20; round += 1) {
      for (const { id, method, params } of world.peer.requests) {
        if (params.processId === undefined || seen.has(params.processId)) continue;
        seen.add(params.processId);
        world.peer.answer(method === "process/read" ? readAnswer() : { processId: params.processId }, id);
      }
      await settled();
    }
    const methods = Map.groupBy(world.peer.requests, ({ method }) => method);
    const asked = (methods.get("process/read") ?? []).slice(0, sent).map(({ params }) => params.processId);
    const started = (methods.get("process/start") ?? []).map(({ params }) => params.processId);
    expect(started).toHaveLength(100 - sent);
    expect(new Set([...asked, ...started])).toEqual(seen);
    expect(await Promise.all(starts)).toHaveLength(100);
  });

  it("is sent again with its start id where the executor knows those, and holds up nothing (03 D-4)", async () => {
    verifies("03 D-4");
    world.answersHandshake = false;
    const offer = { v: 1, sessionTtlMs: 30_000, features: ["startId"] };
    const connecting = world.connect();
    await settled();
    world.peer.answer({ sessionId: "s", proctor: offer });
    const link = await connecting;
    const starting = link.start(["program"]);
    await settled();
    const first = world.peer.last;
    await world.cut();
    world.peer.answer({ sessionId: "s", proctor: offer });
    await settled();
    expect(link.state.value).toBe("Connected");
    expect(world.peer.last).toMatchObject({ method: "process/start", params: first.params });
    expect(first.params.startId).toEqual(expect.any(String));
    const { processId } = first.params;
    world.peer.answer({ processId });
    const process = await starting;
    // It may have run since the first request: what it printed before the answer went by unheard.
    await settled();
    expect(world.peer.last).toMatchObject({ method: "process/read", params: { processId, afterSeq: 0 } });
    const chunks = [{ seq: 1, stream: "stdout", chunk: btoa("unheard") }];
    world.peer.answer(readAnswer({ chunks, nextSeq: 4, exited: true, exitCode: 0, closed: true }));
    expect(await process.text()).toBe("unheard");
  });
});
