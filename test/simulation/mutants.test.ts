import { describe, expect, it } from "vitest";
import { mutants } from "./mutants.ts";
import { MutatedCopy } from "./mutated-copy.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/** A simulation that does not find these within a thousand runs is not worth its time; `npm run mutants` tries all. */
const worst = [
  "forgets which writes it has taken",
  "installs a connection before the processes are caught up",
  "forgets to put events in order",
  "lets a resume win the tie with the expiry",
  "does not kill the processes of a session that expires",
];

function mutantOf(name: string) {
  const mutant = mutants.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant that ${name}`);
  return mutant;
}

describe("a fault that is planted in the sources", () => {
  it.for(worst)("is found within a thousand runs: one that %s", { timeout: 120_000 }, async (name) => {
    await using copy = await MutatedCopy.make();
    await copy.break(mutantOf(name));
    const { hasFailed, text } = await copy.simulate("--seed", "1", "--runs", "1000", "--brief");
    expect(hasFailed, text).toBe(true);
    expect(text).toMatch(/^run \d+: \S+: /m);
  });

  it("is shown by the line that replays it and the smallest scenario, and is gone when it is mended", {
    timeout: 120_000,
  }, async () => {
    await using copy = await MutatedCopy.make();
    await copy.break(mutantOf("closes a process when its first stream has ended"));
    const { text: found } = await copy.simulate("--seed", "1", "--runs", "1000");
    const [, failure] = /^SIM FAILED {2}(\S+: .*)$/m.exec(found) ?? [];
    const [, seed = ""] = /^ {2}replay: {3}npm run simulate -- --seed (\d+)$/m.exec(found) ?? [];
    const [, minimal = ""] = /^ {2}minimal: {2}(\{.*\})$/m.exec(found) ?? [];
    const [, ending] = /^ +(after \d+ shrinks, trace [0-9a-f]{40})$/m.exec(found) ?? [];
    expect(failure).toBeDefined();

    // Another process finds the same, to the byte, from the seed alone.
    const replayed = await copy.simulate("--seed", seed);
    expect(replayed.hasFailed).toBe(true);
    expect(replayed.text).toContain(`SIM FAILED  ${failure}`);
    expect(replayed.text).toContain(`minimal:  ${minimal}`);
    expect(replayed.text).toContain(ending);

    const scenario = JSON.parse(minimal) as Scenario;
    expect(scenario.operations.length + scenario.faults.length).toBeLessThanOrEqual(3);
    expect((await simulate(scenario)).violations).toEqual([]);
  });
});
