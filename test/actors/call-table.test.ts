import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallTable, callLimits } from "../../src/actors/call-table.ts";
import { TooManyCallsError } from "../../src/actors/link-errors.ts";
import { verifies } from "../rules/verifies.ts";

interface Sent {
  readonly id: number;
  readonly method: string;
}

function table() {
  const sent: Sent[] = [];
  const calls = new CallTable((text) => sent.push(JSON.parse(text) as Sent));
  const names = () => sent.map(({ method }) => method);
  return { calls, sent, names };
}

/** Lets the promises that are settled be heard. */
const heard = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the window of calls", () => {
  it("takes no more than 64 at once; the others follow in the order of the calls as answers come (03 I-27)", async () => {
    verifies("03 I-27", "03 SS-62");
    const { calls, sent, names } = table();
    const answers = Array.from({ length: 200 }, (_, n) => calls.call(`m${n}`, {}));
    let most = 0;
    for (let index = 0; index < sent.length; index += 1) {
      most = Math.max(most, calls.inFlight);
      calls.settle(sent[index]?.id ?? 0, { result: index });
    }
    expect(most).toBeLessThanOrEqual(callLimits.inFlight);
    expect(names()).toEqual(Array.from({ length: 200 }, (_, n) => `m${n}`));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it("keeps places for clean-up, so that a terminate is sent though every call waits for the process that it would end", () => {
    const { calls, names } = table();
    for (let n = 0; n < 500; n += 1) void calls.call("write", {});
    const before = names().length;
    void calls.call("terminate", {}, { cleanUp: true });
    expect(names()).toHaveLength(before + 1);
    expect(names().at(-1)).toBe("terminate");
  });

  it("lets clean-up go first, and never exceeds 64 with it", () => {
    const { calls, sent, names } = table();
    for (let n = 0; n < 100; n += 1) void calls.call("ordinary", {});
    for (let n = 0; n < 100; n += 1) void calls.call("clean-up", {}, { cleanUp: true });
    expect(calls.inFlight).toBe(callLimits.inFlight);
    calls.settle(sent[0]?.id ?? 0, { result: null });
    expect(names().at(-1)).toBe("clean-up");
  });

  it("refuses a call when 1024 wait, without sending it", async () => {
    const { calls } = table();
    const calling = Array.from({ length: callLimits.queued + callLimits.inFlight + 10 }, () => calls.call("m", {}));
    calls.fail(new Error("over"), new Error("over"));
    const outcomes = await Promise.allSettled(calling);
    const refused = outcomes.filter((each) => each.status === "rejected" && each.reason instanceof TooManyCallsError);
    expect(refused.length).toBeGreaterThanOrEqual(10);
  });
});

describe("a call", () => {
  it("that is given up rejects at once; unsent it is never sent, sent it keeps its place until the answer", async () => {
    const { calls, names } = table();
    const controller = new AbortController();
    const sentOne = calls.call("sent", {}, { signal: controller.signal });
    for (let n = 0; n < callLimits.inFlight; n += 1) void calls.call("filler", {});
    const unsent = calls.call("unsent", {}, { signal: controller.signal });
    const full = calls.inFlight;
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(sentOne).rejects.toBe(reason);
    await expect(unsent).rejects.toBe(reason);
    expect(calls.inFlight).toBe(full);
    for (let id = 1; calls.inFlight > 0; id += 1) calls.settle(id, { result: null });
    expect(names()).toHaveLength(1 + callLimits.inFlight);
    expect(names()).not.toContain("unsent");
  });

  it("that was aborted before is not sent", async () => {
    const { calls, names } = table();
    const reason = new Error("before");
    await expect(calls.call("m", {}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(names()).toEqual([]);
  });

  it("leaves no listener on its signal when it is settled", async () => {
    const { calls } = table();
    const { signal } = new AbortController();
    const answers = [calls.call("a", {}, { signal }), calls.call("b", {}, { signal })];
    expect(getEventListeners(signal, "abort")).toHaveLength(2);
    calls.settle(1, { result: null });
    calls.settle(2, { error: new Error("no") });
    await Promise.allSettled(answers);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is told apart by what became of it when the link ends: sent or not", async () => {
    const { calls } = table();
    const answers = Array.from({ length: 100 }, () => calls.call("m", {}));
    const sent = calls.inFlight;
    calls.fail("sent", "unsent");
    const reasons = (await Promise.allSettled(answers)).map((each) => each.status === "rejected" && each.reason);
    expect(reasons.filter((reason) => reason === "sent")).toHaveLength(sent);
    expect(reasons.filter((reason) => reason === "unsent")).toHaveLength(100 - sent);
  });

  it("that nobody made cannot be answered, and one that was answered not again", () => {
    const { calls } = table();
    void calls.call("m", {});
    expect(calls.settle(2, { result: null })).toBe(false);
    expect(calls.settle("1", { result: null })).toBe(false);
    expect(calls.settle(1n, { result: null })).toBe(false);
    expect(calls.settle(1, { result: null })).toBe(true);
    expect(calls.settle(1, { result: null })).toBe(false);
  });
});

it("whatever happens in whatever order, every call settles once, and at most 64 are in flight", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("call" as const), cleanUp: fc.boolean() }),
    fc.record({ do: fc.constant("answer" as const), nth: fc.nat(), fails: fc.boolean() }),
    fc.record({ do: fc.constant("abort" as const), nth: fc.nat() }),
    fc.record({ do: fc.constant("end" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
      const { calls, sent } = table();
      const controllers: AbortController[] = [];
      const outcomes: Promise<unknown>[] = [];
      for (const what of steps) {
        if (what.do === "call") {
          const controller = new AbortController();
          controllers.push(controller);
          outcomes.push(
            calls.call("m", {}, { signal: controller.signal, cleanUp: what.cleanUp }).catch(() => undefined),
          );
        } else if (what.do === "answer") {
          const id = sent[what.nth % Math.max(1, sent.length)]?.id ?? 0;
          calls.settle(id, what.fails ? { error: new Error("refused") } : { result: null });
        } else if (what.do === "abort") controllers[what.nth % Math.max(1, controllers.length)]?.abort();
        else calls.fail(new Error("over"), new Error("over"));
        expect(calls.inFlight).toBeLessThanOrEqual(callLimits.inFlight);
      }
      calls.fail(new Error("over"), new Error("over"));
      await heard();
      await Promise.all(outcomes);
      expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length);
    }),
    { numRuns: 200 },
  );
});
