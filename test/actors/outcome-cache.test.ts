import { describe, expect, it } from "vitest";
import { OutcomeCache, rememberedOutcomes } from "../../src/actors/outcome-cache.ts";

const live = new AbortController().signal;

/** A call that counts how often it ran. */
function counted<T>(result: () => Promise<T>) {
  const call = {
    runs: 0,
    run: () => {
      call.runs += 1;
      return result();
    },
  };
  return call;
}

describe("the outcomes of calls by key", () => {
  it("a repeated key joins the call that runs, and gets its answer when it is over", async () => {
    const cache = new OutcomeCache();
    const { promise, resolve } = Promise.withResolvers<string>();
    const call = counted(() => promise);
    const outcomes = [cache.once("k", live, call.run), cache.once("k", live, call.run)];
    resolve("done");
    expect(await Promise.all([...outcomes, cache.once("k", live, call.run)])).toEqual(["done", "done", "done"]);
    expect(call.runs).toBe(1);
  });

  it("a failure is an outcome too", async () => {
    const cache = new OutcomeCache();
    const failure = new Error("no such directory");
    const call = counted(() => Promise.reject(failure));
    for (let time = 0; time < 3; time += 1) await expect(cache.once("k", live, call.run)).rejects.toBe(failure);
    expect(call.runs).toBe(1);
  });

  it("another key is another call", async () => {
    const cache = new OutcomeCache();
    const call = counted(() => Promise.resolve("done"));
    await Promise.all([cache.once("a", live, call.run), cache.once("b", live, call.run)]);
    expect(call.runs).toBe(2);
  });

  it("remembers the last 1,024, the oldest going first", async () => {
    const cache = new OutcomeCache();
    const call = counted(() => Promise.resolve());
    for (let key = 0; key < rememberedOutcomes; key += 1) await cache.once(String(key), live, call.run);
    expect(call.runs).toBe(1_024);
    await cache.once("0", live, call.run);
    expect(call.runs).toBe(1_024);
    await cache.once("one more", live, call.run);
    await cache.once("1", live, call.run);
    expect(call.runs).toBe(1_025);
    await cache.once("0", live, call.run);
    expect(call.runs).toBe(1_026);
  });

  it("a call that was discarded with its connection before it began is not remembered: a repetition does it", async () => {
    const cache = new OutcomeCache();
    const connection = new AbortController();
    const reason = new Error("the connection is ending");
    const discarded = cache.once("k", connection.signal, async () => {
      await Promise.resolve();
      connection.signal.throwIfAborted();
    });
    connection.abort(reason);
    await expect(discarded).rejects.toBe(reason);
    const call = counted(() => Promise.resolve("done"));
    expect(await cache.once("k", live, call.run)).toBe("done");
    expect(call.runs).toBe(1);
  });

  it("one that failed for another reason while its connection ended is remembered: it had begun", async () => {
    const cache = new OutcomeCache();
    const connection = new AbortController();
    const failure = new Error("the disk is full");
    const begun = cache.once("k", connection.signal, () => Promise.reject(failure));
    connection.abort();
    await expect(begun).rejects.toBe(failure);
    const call = counted(() => Promise.resolve());
    await expect(cache.once("k", live, call.run)).rejects.toBe(failure);
    expect(call.runs).toBe(0);
  });
});
