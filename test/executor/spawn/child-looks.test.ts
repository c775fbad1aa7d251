import { expect, it, vi } from "vitest";
import { ChildReaper } from "../../../src/executor/spawn/child-reaper.ts";
import type { Libc } from "../../../src/executor/spawn/libc.ts";
import { VirtualClock } from "../../virtual-clock.ts";

const { looks } = vi.hoisted(() => ({ looks: new Map<number, number>() }));
vi.mock("../../../src/executor/spawn/process-table.ts", () => ({
  peakMemoryOf: (pid: number) => {
    looks.set(pid, (looks.get(pid) ?? 0) + 1);
    return null;
  },
}));

/** A C library whose children live on. */
const libc = { reap: () => null, ended: () => null } as unknown as Libc; // all that the reaper asks of it here

it("a look reads the memory of each child once, and of many children the next ones in turn", () => {
  const clock = new VirtualClock();
  const reaper = new ChildReaper(clock);
  reaper.start(libc, () => 1);
  clock.advance(100);
  expect(looks.get(1)).toBe(1);
  for (let pid = 2; pid <= 100; pid += 1) reaper.start(libc, () => pid);
  looks.clear();
  clock.advance(100);
  expect([...looks.values()].every((count) => count === 1) && looks.size).toBe(64);
  clock.advance(100);
  expect(looks.size).toBe(100);
  process.removeAllListeners("SIGCHLD");
});
