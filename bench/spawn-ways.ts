/**
 * What a start costs by each way: `/bin/true` from the call until it has exited and both output streams have ended, through
 * `node:child_process` alone, and through the executor's host with and without the C library. The variants alternate, so that
 * whatever else the machine does hits all of them alike: first one start at a time, then 32 at a time. Run:
 * `node bench/spawn-ways.ts [runs]`.
 */
import { spawn } from "node:child_process";
import { type PosixProcessHost, posixProcessHost } from "../src/executor/spawn/posix-process-host.ts";

const runs = Number(process.argv[2] ?? 300);
const env = { PATH: "/usr/bin:/bin" };
using byLibc = posixProcessHost();
using byNode = posixProcessHost({ libc: null });

const variants: Readonly<Record<string, () => Promise<void>>> = {
  "node:child_process": () =>
    new Promise<void>((resolve, reject) => {
      const child = spawn("/bin/true", [], { cwd: "/", env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.resume();
      child.stderr.resume();
      child.once("error", reject).once("close", () => resolve());
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

const samples = new Map(
  Object.keys(variants).map((name) => [name, { ms: [] as number[], cpuUs: [] as number[], perSecond: [] as number[] }]),
);

for (let run = -20; run < runs; run++) {
  for (const [name, start] of Object.entries(variants)) {
    const cpu = process.cpuUsage();
    const begun = performance.now();
    await start();
    if (run < 0) continue;
    const { user, system } = process.cpuUsage(cpu);
    samples.get(name)?.ms.push(performance.now() - begun);
    samples.get(name)?.cpuUs.push(user + system);
  }
}

const crowd = 320;
for (let round = 0; round < 5; round++) {
  for (const [name, start] of Object.entries(variants)) {
    let left = crowd;
    const begun = performance.now();
    const starter = async () => {
      while (left-- > 0) await start();
    };
    await Promise.all(Array.from({ length: 32 }, starter));
    samples.get(name)?.perSecond.push((crowd / (performance.now() - begun)) * 1000);
  }
}

for (const [name, { ms, cpuUs, perSecond }] of samples) {
  console.log(
    [
      name.padEnd(24),
      `p50 ${quantile(ms, 0.5).toFixed(2)} ms`,
      `p95 ${quantile(ms, 0.95).toFixed(2)} ms`,
      `executor's processor p50 ${quantile(cpuUs, 0.5)} us`,
      `32 at a time ${quantile(perSecond, 0.5).toFixed(0)}/s`,
    ].join("  "),
  );
}

function quantile(taken: readonly number[], q: number): number {
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * q)] ?? Number.NaN;
}
