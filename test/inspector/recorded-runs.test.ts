import fc from "fast-check";
import { expect, it } from "vitest";
import type { ActorNumber, HistoryRecord, StateValue } from "../../src/inspector/records.ts";
import { chance } from "../simulation/chance.ts";
import { recordRun } from "../simulation/recorded-run.ts";
import type { Scenario } from "../simulation/scenario.ts";
import { scenarios } from "../simulation/scenarios.ts";
import { simulate } from "../simulation/simulate.ts";
import { linesOf, replay, statesAfter } from "./replayed-history.ts";

const runs = Array.from({ length: 200 }, (_, index) => 30_001 + index);

/** What the test itself saw at one step: the actors that run, asked directly. */
interface Sight {
  readonly lines: number;
  readonly states: ReadonlyMap<ActorNumber, StateValue>;
}

function scenarioOf(seed: number): Scenario {
  const [scenario] = fc.sample(scenarios, { seed: chance("seed", seed), numRuns: 1 });
  if (scenario === undefined) throw new Error("no scenario");
  return scenario;
}

it("a recording of a run tells at any moment in which states everything was, and the machines come to the same on its events", async () => {
  const seen = { events: 0, ignored: 0, sights: 0, keyframes: 0, gone: 0 };
  for (const seed of runs) {
    const sights: Sight[] = [];
    let step = 0;
    const { lines, outcome } = await recordRun(scenarioOf(seed), `seed ${seed}`, ({ hub, log, lines: told }) => {
      step += 1;
      if (chance("sight", seed, step) % 16 !== 0) return;
      const present = Array.from(hub.actors, ({ number, ref }) => [number, ref.getSnapshot().value] as const);
      sights.push({ lines: told, states: new Map(present) });
      if (step % 3 === 0) log.keyframe(); // far more often than they come by themselves: the replay is compared with each
    });
    const [header, ...records] = linesOf(lines);
    expect(header?.kind).toBe("header");
    const history = records as HistoryRecord[];
    for (const { lines: told, states } of sights) {
      const rebuilt = statesAfter(history, told - 1);
      for (const [actor, value] of states) expect(rebuilt.get(actor), `seed ${seed}, actor ${actor}`).toEqual(value);
    }
    const { events, diverged } = replay(history);
    expect(diverged, `seed ${seed}`).toEqual([]);
    expect(history.map(({ t }) => t)).toEqual(history.map(({ t }) => t).toSorted((a, b) => a - b));
    seen.events += events;
    seen.sights += sights.length;
    seen.ignored += history.filter((record) => record.kind === "event" && !record.taken).length;
    seen.keyframes += history.filter(({ kind }) => kind === "keyframe").length;
    seen.gone += history.filter(({ kind }) => kind === "gone").length;
    if (seed % 25 === 0) expect((await simulate(scenarioOf(seed))).hash).toBe(outcome.hash); // watching changes nothing
  }
  // The runs are worth nothing unless something happens in them.
  expect(seen.events).toBeGreaterThan(10_000);
  expect(seen.sights).toBeGreaterThan(1_000);
  expect(seen.ignored).toBeGreaterThan(100);
  expect(seen.keyframes).toBeGreaterThan(500);
  expect(seen.gone).toBeGreaterThan(100);
}, 240_000);

it("a recording is the same for the same run", async () => {
  const [first, second] = [await recordRun(scenarioOf(7), "seed 7"), await recordRun(scenarioOf(7), "seed 7")];
  expect(first.lines).toEqual(second.lines);
});
