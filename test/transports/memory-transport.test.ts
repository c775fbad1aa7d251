import fc from "fast-check";
import { expect, test } from "vitest";
import type { Transport } from "../../src/ports/transport.ts";
import { type MemoryTransportOptions, memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { HIGH_WATER_BYTES } from "../../src/transports/water-marks.ts";
import { RecordingListener } from "./recording-listener.ts";

interface End {
  readonly transport: Transport;
  readonly heard: RecordingListener;
}

function openedPair(options: MemoryTransportOptions = {}): [client: End, executor: End] {
  const open = (transport: Transport): End => {
    const heard = new RecordingListener();
    transport.open(heard);
    return { transport, heard };
  };
  const [client, executor] = memoryTransportPair(options);
  return [open(client), open(executor)];
}

/** Deliveries that wait until the test runs them. */
class Held {
  readonly #waiting: (() => void)[] = [];

  readonly schedule = (deliver: () => void): void => {
    this.#waiting.push(deliver);
  };

  get size(): number {
    return this.#waiting.length;
  }

  /** Runs the waiting delivery at `choice` modulo their number. */
  runOne(choice = 0): void {
    const [deliver] = this.#waiting.splice(choice % Math.max(1, this.#waiting.length), 1);
    deliver?.();
  }

  runAll(): void {
    while (this.#waiting.length > 0) this.runOne();
  }
}

test("messages arrive later, in order, strings as strings and bytes as bytes", async () => {
  const [client, executor] = openedPair();
  client.transport.send("one");
  client.transport.send(Uint8Array.of(0x32));
  expect(executor.heard.log).toEqual([]);
  await executor.heard.until(({ messages }) => messages.length === 2);
  expect(executor.heard.log).toEqual(["(heard)", "one", "(heard)", "binary 2"]);
});

test("the ends know each other, and a transport is opened once", () => {
  const [client, executor] = openedPair();
  expect([client.transport.kind, client.transport.peer, executor.transport.peer]).toEqual([
    "memory",
    "memory executor",
    "memory client",
  ]);
  expect(() => client.transport.open(new RecordingListener())).toThrow("opened once");
});

test("a ping is a sign of life at both ends", async () => {
  const [client, executor] = openedPair();
  client.transport.ping();
  await client.heard.until(({ heardCount }) => heardCount === 1);
  expect(executor.heard.log).toEqual(["(heard)"]);
});

test("a paused owner fills the sender up, and drained fires once after resume", async () => {
  const [client, executor] = openedPair();
  executor.transport.pause();
  const block = "x".repeat(64 * 1024);
  for (let i = 0; i < 17; i++) client.transport.send(block);
  expect(client.transport.queuedBytes).toBe(17 * 64 * 1024);
  await executor.heard.until(({ heardCount }) => heardCount === 17);
  expect(client.transport.queuedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
  expect(executor.heard.messages).toEqual([]);

  executor.transport.resume();
  expect(executor.heard.messages).toEqual([]);
  await client.heard.until(({ drainedCount }) => drainedCount === 1);
  await executor.heard.until(({ messages }) => messages.length === 17);
  expect(client.transport.queuedBytes).toBe(0);
});

test("messages sent before the other end is opened wait for it, a close too", async () => {
  const [client, executor] = memoryTransportPair();
  client.send("early");
  client.close(1000, "done");
  await new Promise(setImmediate);
  const heard = new RecordingListener();
  executor.open(heard);
  expect(await heard.end()).toEqual({ code: 1000, reason: "done" });
  expect(heard.messages).toEqual(["early"]);
});

test("close lets what was sent before arrive and ends both, once", async () => {
  const [client, executor] = openedPair();
  client.transport.send("last");
  client.transport.close(1000, "bye");
  client.transport.close(1001, "again");
  client.transport.send("too late");
  expect(client.heard.ends).toEqual([]);
  await executor.heard.end();
  await client.heard.end();
  client.transport.destroy();
  executor.transport.send("nobody is left");
  await new Promise(setImmediate);
  expect(executor.heard.log).toEqual(["(heard)", "last", "(ended 1000)"]);
  expect(client.heard.log).toEqual(["(ended 1000)"]);
});

test("the end overtakes what a paused owner has not taken", async () => {
  const [client, executor] = openedPair();
  executor.transport.pause();
  client.transport.send("unread");
  client.transport.close(1000, "bye");
  await executor.heard.end();
  expect(executor.heard.messages).toEqual([]);
  expect(client.transport.queuedBytes).toBe(0);
});

test("destroy loses what is under way and ends both with 1006", async () => {
  const [client, executor] = openedPair();
  client.transport.send("lost");
  executor.transport.send("lost");
  executor.transport.destroy();
  expect((await client.heard.end()).code).toBe(1006);
  expect((await executor.heard.end()).code).toBe(1006);
  expect(client.heard.messages).toEqual([]);
  expect(executor.heard.messages).toEqual([]);
  expect(client.transport.queuedBytes).toBe(0);
});

test("nothing moves until the caller's scheduler says so", () => {
  const held = new Held();
  const [client, executor] = openedPair({ schedule: held.schedule });
  client.transport.send("one");
  held.runAll();
  client.transport.send("two");
  expect(executor.heard.messages).toEqual(["one"]);
  held.runAll();
  expect(executor.heard.messages).toEqual(["one", "two"]);
});

const arbitraryStep = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "send" as const }) },
  { weight: 4, arbitrary: fc.nat(5).map((choice) => ({ kind: "run" as const, choice })) },
  fc.constant({ kind: "pause" as const }),
  fc.constant({ kind: "resume" as const }),
  fc.constant({ kind: "ping" as const }),
);

test("whatever the scheduler delays, every message arrives once and in order, and the end comes last", () => {
  fc.assert(
    fc.property(fc.array(arbitraryStep, { maxLength: 60 }), (steps) => {
      const held = new Held();
      const [client, executor] = openedPair({ schedule: held.schedule });
      let sent = 0;
      for (const step of steps) {
        if (step.kind === "send") client.transport.send(`${sent++}`);
        else if (step.kind === "run") held.runOne(step.choice);
        else if (step.kind === "ping") client.transport.ping();
        else executor.transport[step.kind]();
      }
      executor.transport.resume();
      held.runAll();
      client.transport.close(1000, "done");
      held.runAll();
      expect(executor.heard.messages).toEqual(Array.from({ length: sent }, (_, i) => `${i}`));
      expect(executor.heard.log.at(-1)).toBe("(ended 1000)");
      expect(client.transport.queuedBytes).toBe(0);
    }),
    { numRuns: 500 },
  );
});
