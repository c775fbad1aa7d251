import { expect, test } from "vitest";
import { ConfinedEnd, type Enclosure } from "../../../src/executor/sandbox/confined-child.ts";
import type { ChildEnd } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { VirtualClock } from "../../virtual-clock.ts";

/** The end of a program on two pipes, on a clock of its own. */
function confinedEnd(options: { readonly hasRun?: boolean; readonly forbidden?: readonly string[] } = {}) {
  const { hasRun = true, forbidden = [] } = options;
  const clock = new VirtualClock();
  const told: ChildEnd[] = [];
  const status = { childPid: null, hasRun, close: () => undefined };
  const enclosure: Enclosure = {
    status,
    newSession: true,
    onTerminal: false,
    countsUsage: false,
    end: () => forbidden,
  };
  const listener = {
    output: () => undefined,
    ended: () => undefined,
    exited: (end: ChildEnd) => void told.push(end),
    stdinClosed: () => undefined,
  };
  const end = new ConfinedEnd(enclosure, listener, clock);
  const exited = (exitCode: number) => end.exited({ exitCode, usage: null });
  const printed = (stream: "stdout" | "stderr", text: string) => end.output(stream, Buffer.from(text));
  return { end, clock, told, exited, printed };
}

test("an exit waits for the end of both streams, and is told at once when they have ended", () => {
  verifies("05 SB-D5");
  const { end, told, exited, printed } = confinedEnd();
  exited(1);
  end.ended("stdout");
  printed("stderr", "Permission denied");
  expect(told).toEqual([]);
  end.ended("stderr");
  expect(told).toEqual([{ exitCode: 1, usage: null, sandboxDenied: true }]);
});

test("when both streams have ended before, the exit waits for nothing", () => {
  verifies("05 SB-D5");
  const { end, told, exited } = confinedEnd();
  for (const stream of ["stdout", "stderr"] as const) end.ended(stream);
  exited(1);
  expect(told).toEqual([{ exitCode: 1, usage: null, sandboxDenied: false }]);
});

test("a stream that somebody holds delays an exit by 20 ms; what comes later changes nothing", () => {
  verifies("05 SB-D5", "05 SB-D6");
  const { end, clock, told, exited, printed } = confinedEnd();
  exited(1);
  clock.advance(19);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([{ exitCode: 1, usage: null, sandboxDenied: false }]);
  printed("stdout", "permission denied");
  for (const stream of ["stdout", "stderr"] as const) end.ended(stream);
  clock.advance(100);
  expect(told).toHaveLength(1);
});

test("what a program made and must not have turns a success into a denial", () => {
  verifies("05 SB-M5");
  const { end, told, exited } = confinedEnd({ forbidden: ["/w/.git"] });
  for (const stream of ["stdout", "stderr"] as const) end.ended(stream);
  exited(0);
  expect(told).toEqual([{ exitCode: 1, usage: null, sandboxDenied: true }]);
});

test.each([
  [1, { exitCode: 1, failure: "the sandbox could not be set up: bwrap: no" }],
  // Not by its own exit, but by a signal: whatever it was, no failure to set up.
  [137, { exitCode: 137, sandboxDenied: false }],
])("bubblewrap that ends with %i and never ran the program", (exitCode, expected) => {
  verifies("05 SB-Q6", "05 SB-D7");
  const { end, told, exited, printed } = confinedEnd({ hasRun: false });
  printed("stderr", "bwrap: no\n");
  for (const stream of ["stdout", "stderr"] as const) end.ended(stream);
  exited(exitCode);
  expect(told).toEqual([{ usage: null, ...expected }]);
});
