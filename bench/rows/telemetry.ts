import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Row } from "../row.ts";
import { type Sizes, scaled } from "../sizes.ts";

const run = promisify(execFile);
const rounds = 150;
const root = join(import.meta.dirname, "../..");
const dist = join(root, "dist");
const program = join(root, "bench/subjects/telemetry-main.ts");

/** What a request costs with one build, as a multiple of what it costs with another. @param sdk `one` has an SDK to tell */
async function ratio(one: string, other: string, sizes: Sizes, sdk = ""): Promise<number> {
  const { stdout } = await run(process.execPath, [program, other, one, String(scaled(rounds, sizes)), sdk]);
  return Number(stdout);
}

/** The same build once more, with modules of its own, where it finds its packages. */
async function copyOfBuild(): Promise<AsyncDisposable & { readonly path: string }> {
  const cache = join(root, "node_modules/.cache");
  await mkdir(cache, { recursive: true });
  const path = await mkdtemp(join(cache, "dist-"));
  await cp(dist, path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** What telemetry costs that nobody has asked for, and what it costs where it is on. */
export const telemetry: Row = {
  name: "telemetry",
  about:
    "processor time of a small request, in one program and in turns: without an SDK, against the build in the folder PROCTOR_BEFORE (default: the same once more); and with one, against without. Bare: the same build twice",
  measures: [
    { name: "telemetry asleep", unit: "÷ before", better: "lower", goal: { value: 1.02 } },
    { name: "telemetry awake", unit: "÷ asleep", better: "lower" },
  ],
  executors: ["proctor"],
  warmUp: false,
  async executor(_, sizes) {
    await using copy = await copyOfBuild();
    return {
      "telemetry asleep": await ratio(dist, process.env.PROCTOR_BEFORE ?? copy.path, sizes),
      "telemetry awake": await ratio(dist, copy.path, sizes, "sdk"),
    };
  },
  async bare({ sizes }) {
    await using copy = await copyOfBuild();
    const noise = await ratio(dist, copy.path, sizes);
    return { "telemetry asleep": noise, "telemetry awake": noise };
  },
};
