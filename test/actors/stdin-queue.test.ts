import fc from "fast-check";
import { expect, it } from "vitest";
import { type StdinOffer, StdinQueue, stdinQueueLimits } from "../../src/actors/stdin-queue.ts";
import { verifies } from "../rules/verifies.ts";

const never = new AbortController().signal;
/** Lets everything happen that is possible. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A queue into a child that reads when the test says so. */
function queueToChild() {
  const written: Uint8Array[] = [];
  const reading: { readonly read: () => void; readonly refuse: () => void }[] = [];
  const queue = new StdinQueue(
    (bytes) =>
      new Promise((resolve, reject) => {
        written.push(bytes);
        reading.push({ read: resolve, refuse: () => reject(new Error("EPIPE")) });
      }),
  );
  const offer = (bytes: Uint8Array, commit = () => true, signal = never) => queue.offer(bytes, commit, signal);
  return { queue, written, reading, offer };
}

it("an offer is taken at once while there is room, and waits when there is none (02 P-49)", async () => {
  verifies("02 P-49");
  const { reading, offer } = queueToChild();
  for (let n = 0; n <= stdinQueueLimits.writes; n += 1) expect(await offer(Uint8Array.of(n % 256))).toBe("queued");
  let taken = false;
  const waiting = offer(Uint8Array.of(1)).then(() => (taken = true));
  await settled();
  expect(taken).toBe(false);
  reading.shift()?.read();
  await waiting;
});

it("bytes are bounded as well, but one large write is taken when nothing else waits", async () => {
  const { reading, offer } = queueToChild();
  expect(await offer(Uint8Array.of(0))).toBe("queued");
  expect(await offer(new Uint8Array(stdinQueueLimits.bytes * 2))).toBe("queued");
  let taken = false;
  const waiting = offer(Uint8Array.of(1)).then(() => (taken = true));
  await settled();
  expect(taken).toBe(false);
  reading.shift()?.read();
  await waiting;
});

it("what waits for a place is bounded too, in writes and in bytes: one more is refused, and not committed", async () => {
  const writes = queueToChild();
  for (let n = 0; n <= stdinQueueLimits.writes; n += 1) await writes.offer(Uint8Array.of(0));
  const controller = new AbortController();
  const waiting = Array.from({ length: stdinQueueLimits.waiting }, () =>
    writes.offer(Uint8Array.of(1), () => true, controller.signal),
  );
  expect(await writes.offer(Uint8Array.of(2), () => expect.fail("committed"))).toBe("full");
  controller.abort(new Error("enough"));
  await Promise.allSettled(waiting);

  const bytes = queueToChild();
  await bytes.offer(Uint8Array.of(0));
  await bytes.offer(new Uint8Array(stdinQueueLimits.bytes));
  void bytes.offer(new Uint8Array(stdinQueueLimits.waitingBytes));
  expect(await bytes.offer(Uint8Array.of(2), () => expect.fail("committed"))).toBe("full");
});

it("commit and queueing are one: nothing is remembered of an offer that was aborted while it waited (02 P-47)", async () => {
  verifies("02 P-47");
  const { offer, written, reading } = queueToChild();
  for (let n = 0; n <= stdinQueueLimits.writes; n += 1) await offer(Uint8Array.of(0));
  const committed: string[] = [];
  const commit = (id: string) => () => committed.push(id) > 0;
  const controller = new AbortController();
  const reason = new Error("gone");
  const aborted = offer(Uint8Array.of(1), commit("aborted"), controller.signal);
  const kept = offer(Uint8Array.of(2), commit("kept"));
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  for (let n = 0; n < 200; n += 1) {
    reading.shift()?.read();
    await Promise.resolve();
    await Promise.resolve();
  }
  await kept;
  await settled();
  expect(committed).toEqual(["kept"]);
  expect(written.map((bytes) => bytes[0]).filter((byte) => byte !== 0)).toEqual([2]);
});

it("when the child closes its end, what waits and what comes is told so, and what was queued counts as lost (03 D-11)", async () => {
  verifies("03 D-11");
  const { queue, offer, written, reading } = queueToChild();
  for (let n = 0; n <= stdinQueueLimits.writes; n += 1) await offer(Uint8Array.of(0));
  const waiting = offer(Uint8Array.of(1), () => expect.fail("committed"));
  reading.shift()?.refuse();
  expect(await waiting).toBe("closed");
  expect(await offer(Uint8Array.of(2), () => expect.fail("committed"))).toBe("closed");
  const handed = written.length;
  while (reading.length > 0) reading.shift()?.refuse();
  await settled();
  expect(written).toHaveLength(handed);
  expect(queue.lostBytes).toBe(stdinQueueLimits.writes + 1);
});

it("a child that reads finds the next writes handed over already, as far as 256 KiB", async () => {
  const { written, reading, offer } = queueToChild();
  for (let n = 0; n < 20; n += 1) void offer(new Uint8Array(64 * 1024));
  await settled();
  expect(written).toHaveLength(4);
  reading.shift()?.read();
  await settled();
  expect(written).toHaveLength(5);
});

it("once broken it stays broken, and refuses without committing (02 P-50)", async () => {
  verifies("02 P-50");
  const { queue, offer } = queueToChild();
  queue.end("broken");
  queue.end("closed");
  expect(await offer(Uint8Array.of(1), () => expect.fail("committed"))).toBe("broken");
});

it("whatever is offered, aborted, read and ended, in any order: the child gets the committed offers, whole and in order", async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("offer" as const),
        size: fc.constantFrom(0, 1, 7, 6 * 1024 * 1024),
        commits: fc.boolean(),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("read" as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const), nth: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("breathe" as const) }) },
  );
  const ending = fc.constantFrom("closed", "broken", "refuse", "none");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), ending, async (steps, end) => {
      const { queue, written, reading, offer } = queueToChild();
      const committed: Uint8Array[] = [];
      const controllers: AbortController[] = [];
      const outcomes: Promise<StdinOffer | "aborted">[] = [];
      for (const what of steps) {
        if (what.do === "offer") {
          const bytes = new Uint8Array(what.size);
          const controller = new AbortController();
          controllers.push(controller);
          const commit = () => {
            if (what.commits && bytes.length > 0) committed.push(bytes);
            return what.commits;
          };
          outcomes.push(offer(bytes, commit, controller.signal).catch(() => "aborted" as const));
        } else if (what.do === "read") reading.shift()?.read();
        else if (what.do === "abort") controllers[what.nth % Math.max(1, controllers.length)]?.abort();
        else await settled();
      }
      if (end === "refuse") reading.shift()?.refuse();
      else if (end !== "none") queue.end(end);
      await settled();
      for (let last = reading.shift(); last !== undefined; last = reading.shift()) {
        last.read();
        await settled();
      }
      const results = await Promise.all(outcomes);
      expect(written.every((bytes, index) => bytes === committed[index])).toBe(true);
      if (end === "none") expect(written).toHaveLength(committed.length);
      if (end !== "broken") expect(results).not.toContain("broken");
    }),
    { numRuns: 200 },
  );
});
