import { parseArgs } from "node:util";
import fc from "fast-check";
import type { Scenario } from "../test/simulation/scenario.ts";
import { scenarios } from "../test/simulation/scenarios.ts";
import { simulate } from "../test/simulation/simulate.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string" },
    path: { type: "string" },
    /** Whether each run is made twice, and compared. */
    twice: { type: "boolean", default: false },
    /** Stops at the first failure, and only says that there is one. */
    brief: { type: "boolean", default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const counts = { runs: 0, steps: 0, virtualMs: 0 };
const startMs = performance.now();

const property = fc.asyncProperty(scenarios, async (scenario) => {
  const outcome = await simulate(scenario);
  counts.runs += 1;
  counts.steps += outcome.steps;
  counts.virtualMs += outcome.virtualMs;
  if (values.twice && (await simulate(scenario)).hash !== outcome.hash) throw new Error("two runs differ");
  if (outcome.violations[0] !== undefined) throw new Error(outcome.violations[0]);
});
const details = await fc.check<[Scenario]>(property, {
  numRuns: Number(values.runs),
  seed,
  endOnFailure: values.brief,
  ...(values.path === undefined ? {} : { path: values.path }),
});

const seconds = (performance.now() - startMs) / 1_000;
const rate = (counts.runs / seconds).toFixed(0);
console.log(
  `${counts.runs} runs in ${seconds.toFixed(1)} s (${rate} a second), ${counts.steps} steps, ${Math.round(counts.virtualMs / 1_000)} s of virtual time`,
);
if (details.failed && values.brief) {
  const [first] = String(details.errorInstance).split("\n");
  console.log(`run ${details.numRuns}: ${first}`);
  process.exitCode = 1;
} else if (details.failed && details.counterexample !== null) {
  const [scenario] = details.counterexample;
  const { trace, violations } = await simulate(scenario);
  console.log(trace.join("\n"));
  console.log(JSON.stringify(scenario));
  console.log(`SIM FAILED  ${violations[0] ?? String(details.errorInstance)}`);
  console.log(`  replay:   npm run simulate -- --seed ${details.seed} --path ${details.counterexamplePath} --runs 1`);
  process.exitCode = 1;
}
