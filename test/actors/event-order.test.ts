import fc from "fast-check";
import { expect, it } from "vitest";
import { EventOrder, type NumberedEvent, reorderLimits } from "../../src/actors/event-order.ts";

const output = (seq: number, size = 1): NumberedEvent => ({
  type: "output",
  seq,
  stream: "stdout",
  bytes: new Uint8Array(size),
});

it("whatever the order of arrival, and whatever is repeated, the events come out as 1, 2, 3 (03 I-2)", () => {
  const arrival = fc.integer({ min: 1, max: 40 }).chain((count) => {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    return fc
      .tuple(fc.constant(count), fc.array(fc.constantFrom(...numbers), { maxLength: 30 }))
      .chain(([n, repeated]) =>
        fc.tuple(fc.constant(n), fc.shuffledSubarray([...numbers, ...repeated], { minLength: n + repeated.length })),
      );
  });
  fc.assert(
    fc.property(arrival, ([count, numbers]) => {
      const order = new EventOrder();
      const released: number[] = [];
      for (const seq of numbers) {
        order.add(output(seq));
        for (const event of order.release()) released.push(event.seq);
        expect(order.lastSeq).toBe(released.length);
      }
      expect(released).toEqual(Array.from({ length: count }, (_, index) => index + 1));
      expect(order.overflows).toBe(false);
    }),
  );
});

it("of two events with one number the first to come counts", () => {
  const order = new EventOrder();
  order.add(output(2, 2));
  order.add(output(2, 99));
  order.add(output(1));
  expect([...order.release()]).toEqual([output(1), output(2, 2)]);
});

it("says when more waits for a missing number than is allowed, in events or in bytes (03 D-6)", () => {
  const events = new EventOrder();
  for (let seq = 2; seq < reorderLimits.events + 2; seq += 1) events.add(output(seq, 0));
  expect(events.overflows).toBe(false);
  events.add(output(9_999_999, 0));
  expect(events.overflows).toBe(true);

  const bytes = new EventOrder();
  bytes.add(output(2, reorderLimits.bytes));
  expect(bytes.overflows).toBe(false);
  bytes.add(output(3, 1));
  expect(bytes.overflows).toBe(true);
  bytes.add(output(1));
  expect([...bytes.release()]).toHaveLength(3);
  expect(bytes.overflows).toBe(false);
});

it("numbers that no executor gives are ignored, or wait", () => {
  const order = new EventOrder();
  for (const seq of [0, -1, -(2 ** 53)]) order.add(output(seq));
  order.add(output(Number.MAX_SAFE_INTEGER));
  expect([...order.release()]).toEqual([]);
  expect(order.lastSeq).toBe(0);
});
