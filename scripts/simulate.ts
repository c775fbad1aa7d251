import { parseArgs } from "node:util";
import { recordRunTo } from "../test/simulation/recorded-run.ts";
import { runAll } from "../test/simulation/seed-batches.ts";
import { report, runSeed } from "../test/simulation/seeds.ts";
import { renewStoredTraces, traceHashes } from "../test/simulation/stored-traces.ts";

const { values } = parseArgs({
  options: {
    /** How many seeds, beginning with the first. */
    runs: { type: "string" },
    /** The first seed; without `runs` the only one, and its trace is shown. */
    seed: { type: "string" },
    /** With `seed` alone: writes what the statecharts of the run do to this file, for `proctor inspect`. */
    record: { type: "string" },
    /** Each run is made twice, and compared. */
    twice: { type: "boolean", default: false },
    /** Only says that a seed fails; does not look for the smallest scenario that does. */
    brief: { type: "boolean", default: false },
    /** Shows what the stored seeds do, each in one number. */
    hashes: { type: "boolean", default: false },
    /** Takes what the stored seeds do for right, after a change of behaviour on purpose. */
    renew: { type: "boolean", default: false },
  },
});

if (values.renew) await renewStoredTraces();
else if (values.hashes) console.log(JSON.stringify(await traceHashes()));
else if (values.seed !== undefined && values.runs === undefined) await replay(Number(values.seed));
else await runMany(values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed));

async function replay(seed: number): Promise<void> {
  const run = await runSeed(seed, { shrinks: true, twice: values.twice });
  console.log(run.outcome.trace.join("\n"));
  console.log(`seed ${seed}: trace ${run.outcome.hash}`);
  if (values.record !== undefined) {
    await recordRunTo(values.record, run.scenario, `simulation, seed ${seed}`);
    console.log(`recorded: npm run -s proctor -- inspect ${values.record}`);
  }
  if (run.minimal !== null) fail(await report(run));
}

async function runMany(first: number): Promise<void> {
  const startMs = performance.now();
  const { runs, steps, virtualMs, failed } = await runAll({
    first,
    runs: Number(values.runs ?? 1_000),
    twice: values.twice,
  });
  const seconds = (performance.now() - startMs) / 1_000;
  const rate = (runs / seconds).toFixed(0);
  console.log(
    `${runs} runs from seed ${first} in ${seconds.toFixed(1)} s (${rate} a second), ${steps} steps, ${Math.round(virtualMs / 1_000)} s of virtual time`,
  );
  if (failed === null) return;
  if (values.brief) fail(`run ${failed.seed - first + 1}: ${failed.violation}`);
  else fail(await report(await runSeed(failed.seed, { shrinks: true, twice: values.twice })));
}

function fail(text: string): void {
  console.log(text);
  process.exitCode = 1;
}
