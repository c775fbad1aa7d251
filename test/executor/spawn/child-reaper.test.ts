import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { ChildReaper } from "../../../src/executor/spawn/child-reaper.ts";
import { loadLibc } from "../../../src/executor/spawn/libc.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { childrenOf, peakMemoryOf, readProcess } from "../../../src/executor/spawn/process-table.ts";
import type { ChildEnd } from "../../../src/ports/process-host.ts";
import type { ResourceUsage } from "../../../src/protocol/process.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { eventually, openDescriptors, RecordedChild, run } from "./recorded-child.ts";

const host = posixProcessHost();
afterAll(() => host[Symbol.dispose]());

const MIB = 1024 * 1024;

function usageOf(child: RecordedChild): ResourceUsage {
  const usage = child.end?.usage;
  if (!usage) throw new Error("nobody told what it used");
  return usage;
}

/** Our children that have ended and that nobody has reaped. */
const zombies = () => childrenOf(process.pid).filter((pid) => readProcess(pid)?.isZombie);

describe("what a child used", () => {
  it("counts the processor time of its own code", async () => {
    const busy = usageOf(await run(host, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"));
    const idle = usageOf(await run(host, "exit 0"));
    expect(busy.userCpuMs).toBeGreaterThan(30);
    expect(busy.userCpuMs).toBeLessThan(20_000);
    expect(idle.userCpuMs).toBeLessThan(30);
  });

  it("counts the time in the kernel apart", async () => {
    const usage = usageOf(await run(host, "dd if=/dev/zero of=/dev/null bs=65536 count=100000 2>&1"));
    expect(usage.systemCpuMs).toBeGreaterThan(20);
    expect(usage.systemCpuMs).toBeGreaterThan(usage.userCpuMs);
  });

  it("counts the descendants that it waited for", async () => {
    const loop = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    expect(usageOf(await run(host, `sh -c '${loop}'; :`)).userCpuMs).toBeGreaterThan(30);
  });

  it("tells the peak of memory that is larger than ours, though it is given back before the end", async () => {
    const own = process.resourceUsage().maxRSS * 1024;
    const bytes = Math.ceil((own + 64 * MIB) / MIB) * MIB;
    const { peakMemoryBytes } = usageOf(await run(host, `head -c ${bytes} /dev/zero | tail -c ${bytes} >/dev/null`));
    expect(peakMemoryBytes).toBeGreaterThan(bytes);
    expect(peakMemoryBytes).toBeLessThan(bytes * 2);
  });

  it("tells the peak of a small child that lived long enough to be looked at, and of many in turn", async () => {
    const libc = loadLibc();
    const input = libc?.pipe();
    if (libc === null || typeof input !== "object") throw new Error("there is no pipe to be had");
    const clock = new VirtualClock();
    const reaper = new ChildReaper(clock);
    const order = { file: "/bin/cat", argv: ["cat"], cwd: "/", env: {}, descriptors: [input.read, null, null] };
    const pids = Array.from({ length: 100 }, () =>
      reaper.start(libc, () => libc.spawn({ ...order, inherited: [], closed: [] })),
    );
    const ends = pids.map((pid) => new Promise<ChildEnd>((resolve) => reaper.onEnd(Number(pid), resolve)));
    await eventually(() => pids.every((pid) => (peakMemoryOf(Number(pid)) ?? 0) > 100_000));
    clock.advance(200); // two looks
    for (const fd of [input.read, input.write]) closeSync(fd);
    for (const { exitCode, usage } of await Promise.all(ends)) {
      expect(exitCode).toBe(0);
      expect(usage?.peakMemoryBytes).toBeGreaterThan(100_000);
      expect(usage?.peakMemoryBytes).toBeLessThan(16 * MIB);
    }
    expect(clock.pending).toBe(0);
  });

  it("never takes our own memory for that of a child too short to be looked at", async () => {
    expect(usageOf(await run(host, "exit 3")).peakMemoryBytes).toBeNull();
  });

  it("is told of a killed child, and of one on a terminal", async () => {
    const child = await RecordedChild.start(host, { argv: ["sleep", "100"], stdin: "pty" });
    child.child.signal("SIGKILL");
    await child.untilClosed();
    expect(child.exitCode).toBe(137);
    expect(usageOf(child).userCpuMs).toBeGreaterThanOrEqual(0);
  });

  it("is not known of a child that Node started", async () => {
    using byNode = posixProcessHost({ libc: null });
    expect((await run(byNode, "exit 3")).end).toEqual({ exitCode: 3, usage: null });
    expect(byNode.limitations).toContain(
      "no access to the C library: nobody can tell what a process used, and daemons survive their session",
    );
  });
});

describe("reaping", () => {
  it("loses no end of 300 short children at once, beside children of the program itself", async () => {
    const before = openDescriptors();
    const ours = Array.from({ length: 300 }, (_, index) =>
      run(host, `exit ${index % 200}`, { stdin: index % 10 === 0 ? "pty" : "pipe" }),
    );
    const theirs = Array.from({ length: 100 }, async (_, index) => {
      const child = spawn("/bin/sh", ["-c", `exit ${index}`], { stdio: "ignore" });
      const [code] = await once(child, "exit");
      return code;
    });
    expect((await Promise.all(ours)).map(({ exitCode }) => exitCode)).toEqual(
      Array.from({ length: 300 }, (_, index) => index % 200),
    );
    expect(await Promise.all(theirs)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(zombies()).toEqual([]);
    await eventually(() => openDescriptors() === before);
  });

  it("tells a death by a real-time signal", async () => {
    expect((await run(host, "kill -40 $$")).exitCode).toBe(168);
  });

  it("goes on though the program removes every listener of SIGCHLD", async () => {
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "read line; exit 7"], stdin: "pipe" });
    process.removeAllListeners("SIGCHLD");
    await child.child.write(Buffer.from("go\n"));
    await child.untilClosed();
    expect(child.exitCode).toBe(7);
  });

  it("listens to SIGCHLD only while there are children", async () => {
    const before = process.listenerCount("SIGCHLD");
    const child = await RecordedChild.start(host, { argv: ["cat"], stdin: "pipe" });
    expect(process.listenerCount("SIGCHLD")).toBe(before + 1);
    child.child.endInput();
    await child.untilClosed();
    await expect(RecordedChild.start(host, { argv: ["echo", "x".repeat(300_000)] })).rejects.toThrow();
    expect(process.listenerCount("SIGCHLD")).toBe(before);
  });

  it("keeps the program alive until a child without open streams has ended, and no longer", async () => {
    const script = `
      import { posixProcessHost } from ${JSON.stringify(import.meta.resolve("../../../src/executor/spawn/posix-process-host.ts"))};
      using host = posixProcessHost();
      await host.spawn(
        { argv: ["sh", "-c", "exec >&- 2>&-; sleep 0.3; exit 5"], arg0: null, cwd: "/", env: { PATH: "/bin:/usr/bin" }, stdin: "none" },
        { output() {}, ended() {}, stdinClosed() {}, exited: ({ exitCode }) => console.log("exited", exitCode) },
      );
    `;
    const program = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(await text(program.stdout)).toBe("exited 5\n");
  });

  it("is left to Node in a worker thread, which hears no signals", async () => {
    const libc = JSON.stringify(import.meta.resolve("../../../src/executor/spawn/libc.ts"));
    const source = `
      import { parentPort } from "node:worker_threads";
      const { loadLibc } = await import(${libc});
      parentPort.postMessage(loadLibc() === null);
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const [isNull] = await once(worker, "message");
    expect(isNull).toBe(true);
    await worker.terminate();
  });
});

it("the end of one child asks nothing of the others", async () => {
  const libc = loadLibc();
  const input = libc?.pipe();
  if (libc === null || typeof input !== "object") throw new Error("there is no pipe to be had");
  const asked = new Map<number, number>();
  const counting = {
    ...libc,
    reap: (pid: number) => {
      asked.set(pid, (asked.get(pid) ?? 0) + 1);
      return libc.reap(pid);
    },
  };
  const reaper = new ChildReaper(new VirtualClock());
  const order = { cwd: "/", env: {}, descriptors: [input.read, null, null], inherited: [], closed: [] };
  const start = (file: string) => Number(reaper.start(counting, () => libc.spawn({ ...order, file, argv: [file] })));
  const ended = (pid: number) => new Promise<ChildEnd>((resolve) => reaper.onEnd(pid, resolve));
  const [lasting, short] = [Array.from({ length: 20 }, () => start("/bin/cat")), start("/bin/true")];
  const ends = lasting.map(ended);
  expect(await ended(short)).toMatchObject({ exitCode: 0 });
  expect(Object.fromEntries(asked)).toEqual({ [short]: 1 });
  for (const fd of [input.read, input.write]) closeSync(fd);
  await Promise.all(ends);
});
