/**
 * What a start costs by each way: `/bin/true` from the call until it has exited and both output streams have ended, through
 * `node:child_process` alone, through execa, and through the executor's host with and without the C library. The variants
 * alternate, so that whatever else the machine does hits all of them alike: first one start at a time, then 32 at a time. Run:
 * `node bench/spawn-ways.ts [runs]`.
 */
import { spawn } from "node:child_process";
import { execa } from "execa";
import { type PosixProcessHost, posixProcessHost } from "../src/executor/spawn/posix-process-host.ts";
import { crowded, perSecond, timed } from "./rows/timing.ts";
import { median, quantile } from "./stats.ts";

const runs = Number(process.argv[2] ?? 300);
const env = { PATH: "/usr/bin:/bin" };
using byLibc = posixProcessHost();
using byNode = posixProcessHost({ libc: null });

const variants: Readonly<Record<string, () => Promise<unknown>>> = {
  "node:child_process": () =>
    new Promise<void>((resolve, reject) => {
      const child = spawn("/bin/true", [], { cwd: "/", env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.resume();
      child.stderr.resume();
      child.once("error", reject).once("close", () => resolve());
    }),
  // Everything that execa can leave out is left out.
  "execa 10": () =>
    execa("/bin/true", [], {
      cwd: "/",
      env,
      extendEnv: false,
      detached: true,
      cleanup: false,
      buffer: false,
      encoding: "buffer",
      stripFinalNewline: false,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  "by Node, pipes": () => startOn(byNode, "none"),
  "by the C library, pipes": () => startOn(byLibc, "none"),
  "by Node, PTY": () => startOn(byNode, "pty"),
  "by the C library, PTY": () => startOn(byLibc, "pty"),
};

function startOn(host: PosixProcessHost, stdin: "none" | "pty"): Promise<void> {
  return new Promise((resolve, reject) => {
    let awaited = stdin === "pty" ? 2 : 3;
    const done = () => {
      awaited -= 1;
      if (awaited === 0) resolve();
    };
    const listener = { output: () => {}, ended: done, exited: done, stdinClosed: () => {} };
    host.spawn({ argv: ["/bin/true"], arg0: null, cwd: "/", env, stdin }, listener).catch(reject);
  });
}

const ways = Object.entries(variants).map(([name, start]) => ({
  name,
  start,
  ms: [] as number[],
  cpuUs: [] as number[],
  rates: [] as number[],
}));

for (let run = -20; run < runs; run++) {
  for (const { start, ms, cpuUs } of ways) {
    const before = process.cpuUsage();
    const took = await timed(start);
    const { user, system } = process.cpuUsage(before);
    if (run < 0) continue;
    ms.push(took);
    cpuUs.push(user + system);
  }
}

const crowd = 320;
for (let round = 0; round < 5; round++) {
  for (const { start, rates } of ways) rates.push(perSecond(crowd, await timed(() => crowded(crowd, 32, start))));
}

const baseline = median(ways[0]?.ms ?? []);
for (const { name, ms, cpuUs, rates } of ways) {
  console.log(
    [
      name.padEnd(24),
      `p50 ${median(ms).toFixed(2)} ms`,
      `${((median(ms) / baseline - 1) * 100).toFixed(0).padStart(3)} %`,
      `p95 ${quantile(ms, 0.95).toFixed(2)} ms`,
      `executor's processor p50 ${median(cpuUs).toFixed(0)} us`,
      `32 at a time ${median(rates).toFixed(0)}/s`,
    ].join("  "),
  );
}
