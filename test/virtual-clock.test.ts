import fc from "fast-check";
import { expect, it } from "vitest";
import { createActor, createMachine } from "xstate";
import { VirtualClock } from "./virtual-clock.ts";

it("fires timers by deadline, those of one deadline in the order of arming, each at its own time", () => {
  const clock = new VirtualClock();
  const fired: [string, number][] = [];
  for (const [name, ms] of [
    ["c", 20],
    ["a", 10],
    ["b", 10],
  ] as const) {
    clock.setTimeout(() => fired.push([name, clock.now()]), ms);
  }
  clock.advance(25);
  expect(fired).toEqual([
    ["a", 10],
    ["b", 10],
    ["c", 20],
  ]);
  expect(clock.now()).toBe(25);
});

it("runs a chain of delays to its end in one advance", () => {
  const clock = new VirtualClock();
  const machine = createMachine({
    initial: "A",
    states: { A: { after: { 1000: "B" } }, B: { after: { 1000: "C" } }, C: {} },
  });
  const actor = createActor(machine, { clock }).start();
  clock.advance(1_999);
  expect(actor.getSnapshot().value).toBe("B");
  clock.advance(1);
  expect(actor.getSnapshot().value).toBe("C");
});

it("lets a tie-break choose among timers of one deadline, and only among those", () => {
  const ranks = [3, 1, 2];
  const clock = new VirtualClock({ tieBreak: () => ranks.shift() ?? 0 });
  const fired: string[] = [];
  clock.setTimeout(() => fired.push("first"), 10);
  clock.setTimeout(() => fired.push("second"), 10);
  clock.setTimeout(() => fired.push("early"), 9);
  clock.advance(10);
  expect(fired).toEqual(["early", "second", "first"]);
});

it("fires late what fell due while nothing ran", () => {
  const clock = new VirtualClock();
  const fired: number[] = [];
  clock.setTimeout(() => fired.push(clock.now()), 10);
  clock.stall(15);
  expect(fired).toEqual([]);
  clock.advance(0);
  expect(fired).toEqual([15]);
});

it("refuses delays that Node would turn into none, time that runs backwards, and endless loops", () => {
  const clock = new VirtualClock();
  expect(() => clock.setTimeout(() => undefined, 2 ** 31)).toThrow("would fire at once");
  expect(() => clock.setTimeout(() => undefined, Number.NaN)).toThrow("would fire at once");
  expect(() => clock.advance(-1)).toThrow("backwards");
  const again = (): void => void clock.setTimeout(again, 0);
  again();
  expect(() => clock.advance(1)).toThrow("never come to an end");
});

it("behaves like a sorted list of timers, whatever is armed, cleared and fired", () => {
  const operation = fc.oneof(
    fc.record({ type: fc.constant("arm" as const), ms: fc.nat(20) }),
    fc.record({ type: fc.constant("clear" as const), index: fc.nat(30) }),
    fc.record({ type: fc.constant("advance" as const), ms: fc.nat(15) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const clock = new VirtualClock();
      const ids: unknown[] = [];
      const fired: number[] = [];
      let now = 0;
      let waiting: { readonly name: number; readonly at: number }[] = [];
      const expected: number[] = [];
      for (const step of operations) {
        if (step.type === "arm") {
          const name = ids.length;
          ids.push(clock.setTimeout(() => fired.push(name), step.ms));
          waiting.push({ name, at: now + step.ms });
        } else if (step.type === "clear") {
          clock.clearTimeout(ids[step.index]);
          waiting = waiting.filter(({ name }) => name !== step.index);
        } else {
          clock.advance(step.ms);
          now += step.ms;
          const due = waiting.filter(({ at }) => at <= now);
          expected.push(...due.toSorted((a, b) => a.at - b.at || a.name - b.name).map(({ name }) => name));
          waiting = waiting.filter(({ at }) => at > now);
        }
        expect(fired).toEqual(expected);
        expect(clock.pending).toBe(waiting.length);
        expect(clock.nextDeadline).toBe(waiting.length === 0 ? null : Math.min(...waiting.map(({ at }) => at)));
      }
    }),
    { numRuns: 1_000 },
  );
});
