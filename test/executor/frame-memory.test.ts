import { expect, test } from "vitest";
import { FrameMemory } from "../../src/executor/frame-memory.ts";
import { VirtualClock } from "../virtual-clock.ts";

const MIB = 1024 * 1024;

test("what was given back is taken again, by whoever needs about as much", () => {
  const memory = new FrameMemory(new VirtualClock());
  const [small, large] = [memory.take(100_000), memory.take(40 * MIB)];
  memory.give(large);
  memory.give(small);
  expect(memory.take(90_000)).toBe(small);
  expect(memory.take(90_000)).not.toBe(large); // which would be missing where it is needed
  expect(memory.take(39 * MIB)).toBe(large);
  expect(memory.freeBytes).toBe(0);
});

test("not more is kept than one largest message takes, and nothing that is not used", () => {
  const clock = new VirtualClock();
  const memory = new FrameMemory(clock);
  for (const lent of [memory.take(40 * MIB), memory.take(40 * MIB)]) memory.give(lent);
  expect(memory.freeBytes).toBe(40 * MIB);
  clock.advance(5_000);
  expect(memory.freeBytes).toBe(40 * MIB); // it may have been used just now
  clock.advance(5_000);
  expect(memory.freeBytes).toBe(0);
  expect(clock.pending).toBe(0);
});

test("after its end nothing is kept, and no timer", () => {
  const clock = new VirtualClock();
  const memory = new FrameMemory(clock);
  const lent = memory.take(MIB);
  memory.give(memory.take(1));
  memory[Symbol.dispose]();
  memory.give(lent);
  expect(memory.freeBytes).toBe(0);
  expect(clock.pending).toBe(0);
});
