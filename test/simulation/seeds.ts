import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { chance } from "./chance.ts";
import { recordRunTo } from "./recorded-run.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { type Outcome, simulate } from "./simulate.ts";

/** What a seed came to. */
export interface SeedRun {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly outcome: Outcome;
  /** The smallest scenario that still fails, and what it does; `null` if the seed does not. */
  readonly minimal: { readonly scenario: Scenario; readonly outcome: Outcome; readonly shrinks: number } | null;
}

/** How to run a seed. */
export interface SeedOptions {
  /** Looks for the smallest scenario that fails. */
  readonly shrinks: boolean;
  /** Runs it a second time, and compares. */
  readonly twice?: boolean;
}

/** Runs the world of a seed: a seed is one run, today and tomorrow, on this machine and on that. */
export async function runSeed(seed: number, { shrinks, twice = false }: SeedOptions): Promise<SeedRun> {
  let first: { readonly scenario: Scenario; readonly outcome: Outcome } | null = null;
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const outcome = await simulated(scenario, twice);
    first ??= { scenario, outcome };
    if (outcome.violations[0] !== undefined) throw new Error(outcome.violations[0]);
  });
  const details = await fc.check<[Scenario]>(property, {
    seed: chance("seed", seed),
    numRuns: 1,
    endOnFailure: !shrinks,
  });
  // The property ran at least once, or `check` would have thrown.
  const ran = first as { readonly scenario: Scenario; readonly outcome: Outcome } | null;
  if (ran === null) throw new Error(`seed ${seed} was not run`);
  const [scenario] = details.counterexample ?? [];
  if (scenario === undefined) return { seed, ...ran, minimal: null };
  return {
    seed,
    ...ran,
    minimal: { scenario, outcome: await simulated(scenario, twice), shrinks: details.numShrinks },
  };
}

async function simulated(scenario: Scenario, twice: boolean): Promise<Outcome> {
  const outcome = await simulate(scenario);
  if (!twice || (await simulate(scenario)).hash === outcome.hash) return outcome;
  return { ...outcome, violations: [...outcome.violations, "determinism: two runs differ"] };
}

/**
 * What to print of a seed that fails: how to see it again, and the smallest scenario that shows it, of which it writes a recording
 * that can be played.
 */
export async function report({ seed, minimal }: SeedRun): Promise<string> {
  if (minimal === null) return `seed ${seed} is fine`;
  const { scenario, outcome, shrinks } = minimal;
  const recording = join(tmpdir(), `proctor-simulation-${seed}.jsonl`);
  await recordRunTo(recording, scenario, `simulation, seed ${seed}: ${outcome.violations[0]}`);
  return [
    ...outcome.trace,
    `SIM FAILED  ${outcome.violations[0]}`,
    `  replay:   npm run simulate -- --seed ${seed}`,
    `  minimal:  ${JSON.stringify(scenario)}`,
    `            after ${shrinks} shrinks, trace ${outcome.hash}`,
    `  watch:    npm run -s proctor -- inspect ${recording}`,
  ].join("\n");
}
