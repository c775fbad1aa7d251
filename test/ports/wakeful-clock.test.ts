import { expect, it } from "vitest";
import { WakefulClock } from "../../src/ports/wakeful-clock.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";

function world() {
  const host = new VirtualClock();
  const log: string[] = [];
  const clock = new WakefulClock(host, () => log.push(`woke at ${host.now()}`));
  const timer = (ms: number) => clock.setTimeout(() => log.push(`timer of ${ms}`), ms);
  return { host, clock, log, timer };
}

it("says that the program did not run before the first timer that is late for it, and once for all of them (03 N-7)", () => {
  verifies("03 N-7");
  const { host, log, timer } = world();
  for (const ms of [500, 2_000, 5_000]) timer(ms);
  host.stall(60_000);
  host.advance(0);
  expect(log).toEqual(["woke at 60000", "timer of 500", "timer of 2000", "timer of 5000"]);
});

it("lets whoever hears of it clear a timer that is late", () => {
  const host = new VirtualClock();
  const fired: string[] = [];
  const clock = new WakefulClock(host, () => clock.clearTimeout(late));
  const late = clock.setTimeout(() => fired.push("late"), 1_000);
  host.stall(60_000);
  host.advance(0);
  expect(fired).toEqual([]);
  expect(host.pending).toBe(0);
});

it("finds a sleep in which timers stood still within a second, by the calendar (03 N-7)", () => {
  verifies("03 N-7");
  const { host, clock, log } = world();
  clock.start();
  host.advance(10_400);
  host.suspend(60_000);
  host.advance(599);
  expect(log).toEqual([]);
  host.advance(1);
  expect(log).toEqual(["woke at 11000"]);
  host.advance(60_000);
  expect(log).toHaveLength(1);
  clock.stop();
  expect(host.pending).toBe(0);
});

it("makes nothing of a little lateness", () => {
  const { host, clock, log } = world();
  clock.start();
  for (let n = 0; n < 20; n += 1) {
    host.stall(999);
    host.advance(1_000);
  }
  expect(log).toEqual([]);
});
