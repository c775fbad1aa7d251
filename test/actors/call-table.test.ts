import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallTable, callLimits } from "../../src/actors/call-table.ts";
import { TooLargeError } from "../../src/actors/link-errors.ts";
import { PendingCall } from "../../src/actors/pending-call.ts";
import { verifies } from "../rules/verifies.ts";

interface Sent {
  readonly id: number;
  readonly method: string;
}

function table() {
  const sent: Sent[] = [];
  const calls = new CallTable((text) => sent.push(JSON.parse(text) as Sent));
  const names = () => sent.map(({ method }) => method);
  const call = (method: string, options: { cleanUp?: boolean; signal?: AbortSignal; params?: unknown } = {}) => {
    const { cleanUp = false, signal, params = {} } = options;
    const pending = new PendingCall({ method, params, cleanUp, isRepeatable: false, signal });
    pending.answer.catch(() => undefined);
    calls.submit(pending);
    return pending;
  };
  return { calls, sent, names, call };
}

/** Lets the promises that are settled be heard. */
const heard = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the window of calls", () => {
  it("refuses a call that no message can carry, names it and its size, and sends the others (03 D-15)", async () => {
    verifies("03 D-15");
    const { calls, names, call } = table();
    const limitBytes = 60 * 1024 * 1024;
    const tooLarge = call("large", { params: { text: "é".repeat(limitBytes / 2) } });
    const fits = call("fits", { params: { text: "x".repeat(limitBytes - 1_000) } });
    const error = await tooLarge.answer.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TooLargeError);
    expect(error).toMatchObject({ code: "tooLarge", method: "large", effect: "notApplied", limitBytes });
    expect((error as TooLargeError).bytes).toBeGreaterThan(limitBytes);
    expect(fits.isSettled).toBe(false);
    expect(names()).toEqual(["fits"]);
    expect(calls.inFlight).toBe(1);
  });

  it("takes no more than 64 at once; the others follow in the order of the calls as answers come (03 I-27)", async () => {
    verifies("03 I-27", "03 SS-62");
    const { calls, sent, names, call } = table();
    const answers = Array.from({ length: 200 }, (_, n) => call(`m${n}`).answer);
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
    const { names, call } = table();
    for (let n = 0; n < 500; n += 1) call("write");
    const before = names().length;
    call("terminate", { cleanUp: true });
    expect(names()).toHaveLength(before + 1);
    expect(names().at(-1)).toBe("terminate");
  });

  it("lets clean-up go first, in its own order, and never exceeds 64 with it", () => {
    const { calls, sent, names, call } = table();
    for (let n = 0; n < 100; n += 1) call("ordinary");
    for (let n = 0; n < 100; n += 1) call(`clean-up ${n}`, { cleanUp: true });
    expect(calls.inFlight).toBe(callLimits.inFlight);
    for (let n = 0; n < 92; n += 1) calls.settle(sent[n]?.id ?? 0, { result: null });
    const cleaned = names().filter((name) => name.startsWith("clean-up"));
    expect(cleaned).toEqual(Array.from({ length: 100 }, (_, n) => `clean-up ${n}`));
    expect(names().filter((name) => name === "ordinary")).toHaveLength(callLimits.inFlight - callLimits.keptForCleanUp);
  });

  it("says when 1024 wait; those that were given up do not count", () => {
    const { calls, call } = table();
    const controller = new AbortController();
    const { signal } = controller;
    while (calls.inFlight < callLimits.inFlight - callLimits.keptForCleanUp) call("m");
    for (let n = 0; n < callLimits.queued - 1; n += 1) call("m", { signal });
    expect(calls.isFull).toBe(false);
    call("m");
    expect(calls.isFull).toBe(true);
    controller.abort(new Error("enough"));
    expect(calls.isFull).toBe(false);
  });
});

describe("a call", () => {
  it("that is given up rejects at once; unsent it is never sent, sent it keeps its place until the answer", async () => {
    const { calls, names, call } = table();
    const controller = new AbortController();
    const { signal } = controller;
    const sentOne = call("sent", { signal });
    for (let n = 0; n < callLimits.inFlight; n += 1) call("filler");
    const unsent = call("unsent", { signal });
    const full = calls.inFlight;
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(sentOne.answer).rejects.toBe(reason);
    await expect(unsent.answer).rejects.toBe(reason);
    expect(calls.inFlight).toBe(full);
    for (let id = 1; calls.inFlight > 0; id += 1) calls.settle(id, { result: null });
    expect(names()).toHaveLength(1 + callLimits.inFlight);
    expect(names()).not.toContain("unsent");
  });

  it("that was aborted before is not sent", async () => {
    const { names, call } = table();
    const reason = new Error("before");
    await expect(call("m", { signal: AbortSignal.abort(reason) }).answer).rejects.toBe(reason);
    expect(names()).toEqual([]);
  });

  it("whose params JSON cannot carry fails alone, unsent", async () => {
    const { calls, names, call } = table();
    const endless: Record<string, unknown> = {};
    endless.self = endless;
    const wrong = call("wrong", { params: endless });
    call("right");
    await expect(wrong.answer).rejects.toThrow(TypeError);
    expect(wrong.wasSent).toBe(false);
    expect(names()).toEqual(["right"]);
    expect(calls.inFlight).toBe(1);
  });

  it("leaves no listener on its signal when it is settled", () => {
    const { calls, call } = table();
    const { signal } = new AbortController();
    call("a", { signal });
    call("b", { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(2);
    calls.settle(1, { result: null });
    calls.settle(2, { error: new Error("no") });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("that nobody made cannot be answered, and one that was answered not again", async () => {
    const { calls, call } = table();
    const { answer } = call("m");
    for (const id of [2, "1", 1n, -1]) calls.settle(id, { result: "wrong" });
    expect(calls.inFlight).toBe(1);
    calls.settle(1, { result: "right" });
    calls.settle(1, { error: new Error("late") });
    expect(await answer).toBe("right");
    expect(calls.inFlight).toBe(0);
  });
});

describe("the calls of a connection that is lost (03 CL-31)", () => {
  it("are taken out in the order of the calls, those that were sent before those that were not, the settled left behind", () => {
    verifies("03 CL-31");
    const { calls, call } = table();
    const controller = new AbortController();
    for (let n = 0; n < 100; n += 1) call(`m${n}`, n % 10 === 5 ? { signal: controller.signal } : {});
    const sent = calls.inFlight;
    calls.settle(3, { result: null });
    controller.abort(new Error("enough"));
    const left = calls.takeAll();
    const expected = Array.from({ length: 100 }, (_, n) => n).filter((n) => n !== 2 && n % 10 !== 5);
    expect(left.map(({ method }) => method)).toEqual(expected.map((n) => `m${n}`));
    expect(left.filter(({ wasSent }) => wasSent)).toEqual(left.filter(({ method }) => Number(method.slice(1)) <= sent));
    expect(calls.inFlight).toBe(0);
    expect(calls.takeAll()).toEqual([]);
  });

  it("go out in the same order over the next one, with ids of its own; a late answer to the first changes nothing", async () => {
    const first = table();
    const second = table();
    const answers = Array.from({ length: 100 }, (_, n) => first.call(`m${n}`).answer);
    for (const call of first.calls.takeAll()) second.calls.submit(call);
    for (let id = 1; id <= 64; id += 1) first.calls.settle(id, { result: "late" });
    for (let index = 0; index < second.sent.length; index += 1) {
      second.calls.settle(second.sent[index]?.id ?? 0, { result: index });
    }
    expect(second.names()).toEqual(Array.from({ length: 100 }, (_, n) => `m${n}`));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});

it("whatever happens in whatever order, over any number of connections, every call settles once, and at most 64 are in flight", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("call" as const), cleanUp: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("answer" as const), nth: fc.nat(), fails: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const), nth: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
      let now = table();
      const controllers: AbortController[] = [];
      const outcomes: Promise<unknown>[] = [];
      let settled = 0;
      for (const what of steps) {
        if (what.do === "call") {
          const controller = new AbortController();
          controllers.push(controller);
          const { answer } = now.call("m", { signal: controller.signal, cleanUp: what.cleanUp });
          const count = () => (settled += 1);
          outcomes.push(answer.then(count, count));
        } else if (what.do === "answer") {
          const id = now.sent[what.nth % Math.max(1, now.sent.length)]?.id ?? 0;
          now.calls.settle(id, what.fails ? { error: new Error("refused") } : { result: null });
        } else if (what.do === "abort") controllers[what.nth % Math.max(1, controllers.length)]?.abort();
        else {
          const next = table();
          for (const call of now.calls.takeAll()) next.calls.submit(call);
          now = next;
        }
        expect(now.calls.inFlight).toBeLessThanOrEqual(callLimits.inFlight);
      }
      for (const call of now.calls.takeAll()) call.reject(new Error("over"));
      await heard();
      expect(settled).toBe(outcomes.length);
      expect(new Set(now.sent.map(({ id }) => id)).size).toBe(now.sent.length);
    }),
    { numRuns: 200 },
  );
});
