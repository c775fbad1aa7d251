/**
 * What a start costs: `/bin/true` from the call until it has exited and both output streams have ended, through execa,
 * through `node:child_process` with its own sockets, and through the executor's host. The variants alternate, so that
 * whatever else the machine does hits all of them alike: first one start at a time, then 32 at a time. Run:
 * `node bench/spawn-execa.ts [runs]`.
 */
import { spawn } from "node:child_process";
import { execa } from "execa";
import { posixProcessHost } from "../src/executor/spawn/posix-process-host.ts";
import { systemClock } from "../src/ports/clock.ts";

const runs = Number(process.argv[2] ?? 500);
const env = { PATH: "/usr/bin:/bin" };
await using host = posixProcessHost({ clock: systemClock });

const variants = {
  "node:child_process": () =>
    new Promise<void>((resolve, reject) => {
      const child = spawn("/bin/true", [], { cwd: "/", env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      child.stdout.resume();
      child.stderr.resume();
      child.once("error", reject).once("close", () => resolve());
    }),
  // Everything that execa can leave out is left out.
  "execa 10": async () => {
    await execa("/bin/true", [], {
      cwd: "/",
      env,
      extendEnv: false,
      detached: true,
      cleanup: false,
      buffer: false,
      encoding: "buffer",
      stripFinalNewline: false,
      stdio: ["ignore", "pipe", "pipe"],
    });
  },
  "Proctor's host, pipes": () => startOnHost("none"),
  "Proctor's host, PTY": () => startOnHost("pty"),
};

function startOnHost(stdin: "none" | "pty"): Promise<void> {
  return new Promise((resolve, reject) => {
    let awaited = stdin === "pty" ? 2 : 3;
    const done = () => {
      awaited -= 1;
      if (awaited === 0) resolve();
    };
    host
      .spawn(
        { argv: ["/bin/true"], arg0: null, cwd: "/", env, stdin },
        { output: () => {}, ended: done, exited: done, stdinClosed: () => {} },
      )
      .catch(reject);
  });
}

const samples = new Map<string, { ms: number[]; cpuUs: number[]; perSecond: number[] }>(
  Object.keys(variants).map((name) => [name, { ms: [], cpuUs: [], perSecond: [] }]),
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

const baseline = quantile(samples.get("node:child_process")?.ms ?? [], 0.5);
for (const [name, { ms, cpuUs, perSecond }] of samples) {
  const median = quantile(ms, 0.5);
  console.log(
    [
      name.padEnd(24),
      `p50 ${median.toFixed(2)} ms`,
      `${((median / baseline - 1) * 100).toFixed(0).padStart(3)} %`,
      `p95 ${quantile(ms, 0.95).toFixed(2)} ms`,
      `executor's processor p50 ${quantile(cpuUs, 0.5)} us`,
      `32 at a time ${quantile(perSecond, 0.5).toFixed(0)}/s`,
    ].join("  "),
  );
}

function quantile(taken: readonly number[], q: number): number {
  return taken.toSorted((a, b) => a - b)[Math.floor(taken.length * q)] ?? Number.NaN;
}
