import { expect, it } from "vitest";
import { calmScenario, type Operation, quietProgram, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** What the simulation has found once, in the smallest scenario that showed it. */
async function violationsOf(scenario: Partial<Scenario>): Promise<readonly string[]> {
  return (await simulate({ ...calmScenario, ...scenario })).violations;
}

function start(what: Partial<Operation & { type: "start" }> = {}): Operation {
  return {
    type: "start",
    at: 10,
    client: 0,
    slot: 0,
    stdin: "pipe",
    abortAfterMs: null,
    readerMs: null,
    program: quietProgram,
    ...what,
  };
}

it("delivers what a process printed while the answer to its start was lost with the connection", async () => {
  const program = { ...quietProgram, output: [{ afterMs: 0, stream: "stdout" as const, bytes: 5 }] };
  expect(
    await violationsOf({
      operations: [start({ program })],
      // The second answer is that to the start.
      faults: [{ type: "cutOnMessage", client: 0, dial: 1, direction: "down", message: 2, how: "lost" }],
    }),
  ).toEqual([]);
});

it("leaves a stopped child time to die when the host was suspended between the request and the kill", async () => {
  expect(
    await violationsOf({
      operations: [start({ program: { ...quietProgram, heedsTerm: false } })],
      faults: [
        { type: "restart", client: 0, at: 20, forMs: 100, crashes: false },
        { type: "stall", client: 0, at: 30, forMs: 6_000 },
      ],
    }),
  ).toEqual([]);
});

it("carries on what was asked over a connection that lost its session to another one", async () => {
  expect(
    await violationsOf({
      operations: [start({ program: { ...quietProgram, spawnMs: 3_000 } })],
      faults: [
        { type: "blackHole", client: 0, at: 15, forMs: 2_000, direction: "up" },
        { type: "steal", client: 0, at: 20, forMs: 50, thieves: 1, knowsIt: true },
      ],
    }),
  ).toEqual([]);
});

it("notices a connection that dies while the processes are caught up, and tries another one", async () => {
  expect(
    await violationsOf({
      operations: [start()],
      faults: [
        { type: "cut", client: 0, at: 400, delivers: false },
        // The second answer is that to the read.
        { type: "cutOnMessage", client: 0, dial: 2, direction: "down", message: 2, how: "stranded" },
      ],
    }),
  ).toEqual([]);
});

it("does not say that a start had no effect whose process was killed with its session", async () => {
  expect(
    await violationsOf({
      inPieces: true,
      operations: [start({ program: { ...quietProgram, spawnMs: 0 } }), { type: "close", at: 10, client: 0 }],
    }),
  ).toEqual([]);
});

it("tells an observer that the session is over when that overtakes the list of its processes", async () => {
  const program = { ...quietProgram, spawnMs: 0, endLagMs: 0, readEveryMs: 0, killTakesMs: 0, exitAfterMs: null };
  expect(
    await violationsOf({
      latencyMs: [0, 0],
      byteWeight: 1,
      sessionTtlMs: 0,
      inPieces: true,
      operations: [
        { type: "observe", at: 28, client: 0 },
        start({ at: 28, program }),
        start({ at: 1, abortAfterMs: 0, program: { ...program, closesOutputEarly: true } }),
      ],
      faults: [{ type: "cutOnMessage", client: 0, dial: 1, direction: "up", message: 5, how: "lost" }],
    }),
  ).toEqual([]);
});
