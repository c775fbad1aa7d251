import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { storedTraceHashes, traceHashes } from "./stored-traces.ts";

const script = fileURLToPath(new URL("../../scripts/simulate.ts", import.meta.url));
const run = promisify(execFile);

/** What differs from machine to machine, as far as one machine can show it: the language, the place, memory, the compiler. */
const machines = [
  {
    args: ["--max-semi-space-size=1", "--no-opt"],
    env: { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
  },
  {
    args: ["--max-semi-space-size=64", "--stack-size=2000", "--expose-gc"],
    env: { TZ: "America/St_Johns", LANG: "C", LC_ALL: "C" },
  },
];

// `npm run simulate -- --renew` stores what the seeds do now, after a change of behaviour or of the generator on purpose.
it("gives the stored trace for each stored seed", async () => {
  expect(await traceHashes()).toEqual(await storedTraceHashes());
});

it.for(machines)("gives the same traces with $args and $env", async ({ args, env }) => {
  const { stdout } = await run(process.execPath, [...args, script, "--hashes"], { env: { ...process.env, ...env } });
  expect(JSON.parse(stdout)).toEqual(await storedTraceHashes());
});
