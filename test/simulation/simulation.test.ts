import { expect, it } from "vitest";
import { verifies } from "../rules/verifies.ts";
import { report, runSeed } from "./seeds.ts";

/** How many worlds a push sees; `npm run simulate` sees more. */
const seeds = Array.from({ length: 500 }, (_, index) => 1_001 + index);
/** Every so many of them are run twice. */
const twiceEvery = 4;

it("holds every invariant in worlds where connections, processes and executors fail at any moment", async () => {
  verifies("03 I-19", "03 I-20", "03 I-21");
  const seen = {
    recovered: 0,
    closed: 0,
    killed: 0,
    forked: 0,
    refused: 0,
    plain: 0,
    observed: 0,
    observedAgain: 0,
  };
  for (const seed of seeds) {
    const run = await runSeed(seed, { shrinks: true, twice: seed % twiceEvery === 0 });
    if (run.minimal !== null) throw new Error(await report(run));
    for (const line of run.outcome.trace) {
      if (/ is Connected [2-9]/.test(line)) seen.recovered += 1;
      if (line.includes("process/closed")) seen.closed += 1;
      if (line.includes("gets SIGKILL")) seen.killed += 1;
      if (line.includes("loses a descendant")) seen.forked += 1;
      if (line.includes("-32010")) seen.refused += 1;
      if (/"result":\{"sessionId":"[^"]+"\}/.test(line)) seen.plain += 1;
      if (line.includes("sees the close of")) seen.observed += 1;
      if (/ o\d+ of c\d+: Connected [2-9]/.test(line)) seen.observedAgain += 1;
    }
  }
  // The worlds are worth nothing unless something happens in them.
  const { observedAgain, ...often } = seen;
  for (const [what, times] of Object.entries(often)) expect(times, what).toBeGreaterThan(100);
  expect(observedAgain).toBeGreaterThan(25);
}, 120_000);
