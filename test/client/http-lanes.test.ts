import { expect, it } from "vitest";
import { idleLaneMs } from "../../src/client/http-lanes.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedDials } from "./recovery/scripted-dials.ts";
import { type ScriptedPeer, settled as turn } from "./scripted-link.ts";

async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn();
}

const head = { status: 200, headers: [], bodyBase64: "" };

/** A link to an executor without extensions, and what it is asked over which connection. */
async function world(options: { readonly httpLanes?: number } = {}) {
  const dials = new ScriptedDials();
  const link = await dials.connect(options);
  const fetch = (path: string, init: RequestInit = {}) => {
    const response = link.fetch(`http://o.test/${path}`, init);
    response.catch(() => undefined); // looked at by the test that is about it
    return response;
  };
  /** The connections beside the main one, in order. */
  const lanes = () => dials.peers.slice(1);
  const asked = (peer: ScriptedPeer | undefined) =>
    (peer?.requests ?? []).filter(({ method }) => method === "http/request").map(({ params }) => params.url);
  return { dials, link, fetch, lanes, asked, main: dials.peers[0]! }; // the link is connected
}

/** Answers the last request of a lane, with a body. */
async function answer(lane: ScriptedPeer | undefined, text = "done"): Promise<void> {
  if (lane === undefined) throw new Error("there is no such lane");
  const { requestId } = lane.last.params;
  lane.answer(head);
  lane.notify("http/request/bodyDelta", { requestId, seq: 1, deltaBase64: btoa(text), done: true });
  await settled();
}

it("an executor that cannot do two things at once gets HTTP over connections of its own (06 H-58)", async () => {
  verifies("06 H-58");
  const { fetch, lanes, asked, main } = await world();
  void fetch("a");
  void fetch("b");
  await settled();
  expect(asked(main)).toEqual([]);
  expect(lanes().map(asked)).toEqual([["http://o.test/a"], ["http://o.test/b"]]);
  expect(lanes().map(({ requests }) => requests[0]?.params.resumeSessionId)).toEqual([null, null]);
});

it("a lane serves the next exchange when one is over, and none more than there may be (06 H-58)", async () => {
  verifies("06 H-58");
  const { fetch, lanes, asked } = await world({ httpLanes: 2 });
  const bodies = ["a", "b", "c", "d"].map(async (path) => (await fetch(path)).text());
  await settled();
  expect(lanes()).toHaveLength(2);
  await answer(lanes()[1], "b is done");
  expect(lanes().map(asked)).toEqual([["http://o.test/a"], ["http://o.test/b", "http://o.test/c"]]);
  await answer(lanes()[1]);
  await answer(lanes()[0]);
  await answer(lanes()[1]);
  expect(lanes()).toHaveLength(2);
  expect((await Promise.all(bodies)).sort()).toEqual(["b is done", "done", "done", "done"]);
});

it("an idle lane is kept for thirty seconds (06 H-58)", async () => {
  verifies("06 H-58");
  const { dials, fetch, lanes } = await world();
  const use = async (path: string, lane: number) => {
    const text = fetch(path).then((response) => response.text());
    await settled();
    expect(lanes()).toHaveLength(lane + 1);
    await answer(lanes()[lane]);
    await text;
  };
  /** In steps, so that a link that asks for a sign of life gets it. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      dials.clock.advance(Math.min(left, 1_000));
      await settled();
    }
  };
  await use("a", 0);
  await pass(idleLaneMs - 1);
  await use("b", 0);
  await pass(idleLaneMs);
  await use("c", 1);
});

it("whoever cancels or aborts ends the lane, and the place is free (06 H-58)", async () => {
  verifies("06 H-58");
  const { fetch, lanes, asked } = await world({ httpLanes: 1 });
  const controller = new AbortController();
  const aborted = fetch("a", { signal: controller.signal });
  await settled();
  const next = fetch("b");
  controller.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  await settled();
  expect(lanes().map(asked)).toEqual([["http://o.test/a"], ["http://o.test/b"]]);
  lanes()[1]?.answer(head);
  await (await next).body?.cancel();
  void fetch("c");
  await settled();
  expect(lanes().map(asked)).toEqual([["http://o.test/a"], ["http://o.test/b"], ["http://o.test/c"]]);
});

it("who gives up while waiting for a lane is never sent (06 H-58)", async () => {
  const { fetch, lanes, asked } = await world({ httpLanes: 1 });
  void fetch("a");
  await settled();
  const controller = new AbortController();
  const waiting = fetch("b", { signal: controller.signal });
  void fetch("c");
  await settled();
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await answer(lanes()[0]);
  expect(asked(lanes()[0])).toEqual(["http://o.test/a", "http://o.test/c"]);
});

it("a lane that is lost fails its own exchange and nothing else (06 C-9, C-11)", async () => {
  const { link, fetch, lanes } = await world();
  const [before, after] = [fetch("a"), fetch("b")];
  await settled();
  lanes()[1]?.answer(head);
  const body = (await after).text();
  for (const lane of lanes()) lane.transport.destroy();
  await expect(before).rejects.toMatchObject({
    cause: expect.objectContaining({ code: "disconnected", effect: "unknown" }),
  });
  await expect(body).rejects.toMatchObject({ cause: expect.objectContaining({ code: "bodyLost" }) });
  expect(link.state.value).toBe("Connected");
});

it("while the link recovers, a fetch waits (06 C-11)", async () => {
  verifies("06 C-11");
  const { dials, fetch, lanes, asked, main } = await world();
  dials.mode = "refuse";
  main.transport.destroy();
  await settled();
  const response = fetch("a");
  await settled();
  dials.mode = "accept";
  dials.clock.advance(1_000);
  await settled();
  const [resumed, lane] = lanes();
  expect(resumed?.requests[0]?.params.resumeSessionId).toBe("s");
  expect(asked(lane)).toEqual(["http://o.test/a"]);
  await answer(lane);
  await expect((await response).text()).resolves.toBe("done");
});

it("a lane that cannot be opened though the link stands fails the fetch", async () => {
  const { dials, fetch } = await world();
  dials.mode = "refuse";
  await expect(fetch("a")).rejects.toMatchObject({
    message: "fetch failed",
    cause: expect.objectContaining({ code: "linkFailed", effect: "notApplied" }),
  });
});

it("closing the link ends its lanes, and what waits for one (06 H-58)", async () => {
  const { link, fetch, dials } = await world({ httpLanes: 1 });
  const [running, waiting] = [fetch("a"), fetch("b")];
  await settled();
  const closing = link.close();
  dials.clock.advance(5_000);
  await settled();
  await closing;
  await expect(running).rejects.toThrow("fetch failed");
  await expect(waiting).rejects.toThrow("fetch failed");
  expect(dials.faults).toEqual([]);
  expect(dials.clock.pending).toBe(0);
});

it("without lanes all goes over the one connection (06 H-58)", async () => {
  const { fetch, lanes, asked, main } = await world({ httpLanes: 0 });
  void fetch("a");
  await settled();
  expect(lanes()).toEqual([]);
  expect(asked(main)).toEqual(["http://o.test/a"]);
});
