import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { EscapeeHunt } from "../../../src/executor/spawn/escapee-hunt.ts";
import { loadLibc } from "../../../src/executor/spawn/libc.ts";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";
import { FamilyMarks, MarkRange, markOf } from "../../../src/executor/spawn/process-mark.ts";
import { processIds, readProcess } from "../../../src/executor/spawn/process-table.ts";
import type { ProcessHost } from "../../../src/ports/process-host.ts";
import { verifies } from "../../rules/verifies.ts";
import { eventually, RecordedChild, run } from "./recorded-child.ts";

const host = posixProcessHost();
afterAll(() => host[Symbol.dispose]());

const isAlive = (pid: number) => readProcess(pid)?.isZombie === false;
const isGone = (pid: number) => !isAlive(pid);

const isStopped = (pid: number) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));

/**
 * A daemon as the book has it: a session of its own, its ancestors gone, no descriptor of ours. Its pid is printed once all
 * that is so.
 */
const daemon = (command: string) =>
  `echo $(setsid sh -c '(exec </dev/null >/dev/null 2>&1; exec ${command}) & echo $!')`;

/** Is anybody left with this mark? */
const isBorne = (mark: bigint) => processIds().some((pid) => markOf(pid) === mark && isAlive(pid));

/** Starts a script that prints pids and then goes on, in one write each. */
async function started(from: Pick<ProcessHost, "spawn">, script: string, count = 1) {
  const child = await RecordedChild.start({ ...host, ...from }, { argv: ["sh", "-c", script] });
  await child.until(() => child.text("stdout").split("\n").length > count);
  return { child, pids: child.text("stdout").trim().split("\n").map(Number) };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

describe("SIGKILL", () => {
  it.each([
    ["a daemon", daemon("sleep 600")],
    ["a daemon with another environment", daemon("env -i /bin/sleep 600")],
    ["a daemon of a daemon", daemon('sh -c "setsid sh -c \\"sleep 600 & sleep 601\\" & exit"')],
  ])("of a running child reaches %s within a second", async (_, script) => {
    verifies("03 D-13", "02 S-5");
    const { child } = await started(host, `${script}; sleep 600`);
    const mark = markOf(child.child.pid);
    if (typeof mark !== "bigint") throw new Error("the child bears no mark");
    child.child.signal("SIGKILL");
    await expect.poll(() => isBorne(mark), { timeout: 1_000, interval: 100 }).toBe(false);
    await child.untilClosed();
  });

  it("of a child that has exited reaches what fled from it with its pipes, and thereby closes it", async () => {
    verifies("03 D-13");
    const { child, pids } = await started(host, "setsid sh -c 'sleep 600 & echo $!'");
    await child.untilExited();
    expect(child.isClosed).toBe(false);
    child.child.signal("SIGKILL");
    await child.untilClosed();
    await eventually(() => pids.every(isGone));
  });

  it("catches a daemon that forks and ends all the time", async () => {
    const { child, pids } = await started(host, "setsid sh -c 'f() { sleep 0.01; f & exit; }; f' & echo $!; sleep 600");
    await eventually(() => pids.every(isGone)); // from now on it is nobody's child
    const mark = markOf(child.child.pid);
    if (typeof mark !== "bigint") throw new Error("the child bears no mark");
    child.child.signal("SIGKILL");
    await expect.poll(() => isBorne(mark), { timeout: 10_000, interval: 100 }).toBe(false);
  });

  it("touches neither another child of the same family, nor one of another host, nor anybody else", async () => {
    verifies("03 D-13");
    using other = posixProcessHost();
    const family = host.family();
    const [one, sibling, cousin] = await Promise.all([
      started(family, `${daemon("sleep 600")}; sleep 600`),
      started(family, `${daemon("sleep 600")}; sleep 600`),
      started(other, `${daemon("sleep 600")}; sleep 600`),
    ]);
    const stranger = spawn("/bin/sleep", ["600"], { detached: true, stdio: "ignore" });
    one.child.child.signal("SIGKILL");
    await eventually(() => one.pids.every(isGone));
    const others = [...sibling.pids, ...cousin.pids, Number(stranger.pid)];
    expect(others.every(isAlive)).toBe(true);
    expect(others.some(isStopped)).toBe(false);
    await family.end();
    await eventually(() => sibling.pids.every(isGone));
    expect([...cousin.pids, Number(stranger.pid)].every(isAlive)).toBe(true);
    for (const { child } of [sibling, cousin]) child.child.signal("SIGKILL");
    await eventually(() => cousin.pids.every(isGone));
    await end(stranger);
  });
});

describe("the end of a family", () => {
  it("takes the daemons of its children, those that closed long ago included, before it is over", async () => {
    verifies("03 D-13");
    const family = host.family();
    const { child, pids } = await started(family, daemon("sleep 600"));
    await child.untilClosed();
    child.child.release();
    expect(pids.every(isAlive)).toBe(true);
    await family.end();
    expect(pids.every(isGone)).toBe(true);
  });

  it("of one that never had a child looks at nobody", async () => {
    await host.family().end();
  });

  it("goes unhindered by another end at the same time", async () => {
    const families = Array.from({ length: 8 }, () => host.family());
    const daemons = await Promise.all(families.map((family) => started(family, daemon("sleep 600"))));
    await Promise.all(families.map((family) => family.end()));
    await eventually(() => daemons.every(({ pids }) => pids.every(isGone)));
  });
});

describe("the mark", () => {
  it("is seen by nobody in the environment, and leaves this program as it was", async () => {
    verifies("02 P-16");
    const before = markOf(process.pid);
    const child = await RecordedChild.start(host, { argv: ["env"], env: { PATH: "/usr/bin:/bin", A: "b" } });
    await child.untilClosed();
    expect(child.text("stdout")).toBe("PATH=/usr/bin:/bin\nA=b\n");
    expect((await run(host, "cat /proc/self/limits")).text("stdout")).toMatch(/Max file locks +\d+ +unlimited/);
    expect(markOf(process.pid)).toBe(before);
  });

  it("is not borne by a child of the program itself", async () => {
    const ours = run(host, "exit 0");
    const theirs = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
    expect(markOf(Number(theirs.pid))).toBe(markOf(process.pid));
    await ours;
    await end(theirs);
  });

  it("belongs to a family, and in it to one child", () => {
    const [one, two] = [new FamilyMarks(5n, 1n), new FamilyMarks(5n, 2n)];
    expect(one.range).toBeNull();
    const [first, second, third] = [one.next(), one.next(), two.next()];
    expect([first, second, third].map((mark) => MarkRange.ofChild(first).includes(mark))).toEqual([true, false, false]);
    expect([first, second, third].map((mark) => one.range?.includes(mark))).toEqual([true, true, false]);
    expect(new FamilyMarks(5n, 1n + 2n ** 16n).next()).toBe(first);
  });

  it("on a process in our own session is none: another thread may have started that one meanwhile", async () => {
    const libc = loadLibc();
    if (libc === null) throw new Error("there is no C library to be had");
    const marks = new FamilyMarks(77n, 3n);
    const stranger = libc.marked(marks.next(), () => spawn("/bin/sleep", ["600"], { stdio: "ignore" }));
    const pid = Number(stranger.pid);
    expect(MarkRange.ofFamily(marks.next()).includes(markOf(pid) as bigint)).toBe(true);
    await new EscapeeHunt().kill(MarkRange.ofFamily(marks.next()));
    expect(isAlive(pid)).toBe(true);
    await end(stranger);
  });
});
