import fc from "fast-check";
import { expect, it } from "vitest";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

/** How many worlds a push sees, and where they begin; `npm run simulate` sees more. */
const runs = { numRuns: 500, seed: 20_261_120 };
/** Every so many runs one is made twice. */
const twiceEvery = 4;

it("holds every invariant in worlds where connections, processes and executors fail at any moment", async () => {
  const seen = { recovered: 0, closed: 0, killed: 0, observed: 0, observedAgain: 0 };
  let run = 0;
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    run += 1;
    const { violations, trace, hash } = await simulate(scenario);
    if (violations[0] !== undefined)
      throw new Error(`${violations[0]}\n${trace.join("\n")}\n${JSON.stringify(scenario)}`);
    if (run % twiceEvery === 0 && (await simulate(scenario)).hash !== hash) throw new Error("two runs of it differ");
    for (const line of trace) {
      if (/ is Connected [2-9]/.test(line)) seen.recovered += 1;
      if (line.includes("process/closed")) seen.closed += 1;
      if (line.includes("gets SIGKILL")) seen.killed += 1;
      if (line.includes("sees the close of")) seen.observed += 1;
      if (/ o\d+ of c\d+: Connected [2-9]/.test(line)) seen.observedAgain += 1;
    }
  });
  const details = await fc.check<[Scenario]>(property, { ...runs, endOnFailure: false });
  if (details.failed) {
    const replay = `npm run simulate -- --seed ${details.seed} --path ${details.counterexamplePath} --runs 1`;
    throw new Error(`replay with: ${replay}\n${String(details.errorInstance)}`);
  }
  // The worlds are worth nothing unless something happens in them.
  expect(seen.recovered).toBeGreaterThan(100);
  expect(seen.closed).toBeGreaterThan(100);
  expect(seen.killed).toBeGreaterThan(100);
  expect(seen.observed).toBeGreaterThan(100);
  expect(seen.observedAgain).toBeGreaterThan(100);
}, 60_000);
