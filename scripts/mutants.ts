import { parseArgs } from "node:util";
import { mutants } from "../test/simulation/mutants.ts";
import { MutatedCopy } from "../test/simulation/mutated-copy.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    /** Part of the name of those that are tried. */
    only: { type: "string", default: "" },
  },
});

await using copy = await MutatedCopy.make();
for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
  await copy.break(mutant);
  const { hasFailed, text } = await copy.simulate("--runs", values.runs, "--seed", values.seed, "--brief");
  console.log(`${hasFailed ? "found" : "SURVIVED"}  ${mutant.name}\n       ${text.trim().split("\n").at(-1) ?? ""}`);
  if (!hasFailed) process.exitCode = 1;
}
