import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ProcessGroup } from "../../../src/executor/spawn/process-group.ts";
import { membersOf, readProcess } from "../../../src/executor/spawn/process-table.ts";
import { verifies } from "../../rules/verifies.ts";
import { eventually, groupIsEmpty, RecordedChild } from "./recorded-child.ts";
import { waysToStart } from "./ways.ts";

const ways = waysToStart();

const isGone = (pid: number) => readProcess(pid)?.isZombie ?? true;
/** The pids that a script printed, one a line, after it printed `count` of them. */
async function printedPids(
  child: RecordedChild,
  count: number,
  stream: "stdout" | "pty" = "stdout",
): Promise<number[]> {
  await child.until(() => child.text(stream).split("\n").length > count);
  return child.text(stream).trim().split(/\s+/).map(Number);
}

describe.each(ways)("signalling a running child, started by %s", (_, host) => {
  it("reaches the whole group, trap and all", async () => {
    verifies("02 P-52");
    const child = await RecordedChild.start(host, {
      argv: [
        "sh",
        "-c",
        "trap 'echo INT; exit 7' INT; sh -c 'trap \"echo sub; exit\" INT; echo $$; while :; do sleep 0.02; done' & echo $$; while :; do sleep 0.02; done",
      ],
    });
    await printedPids(child, 2);
    child.child.signal("SIGINT");
    await child.untilExited();
    expect(child.exitCode).toBe(7);
    child.child.signal("SIGKILL"); // a background child of a script ignores SIGINT
    await child.untilClosed();
    await eventually(() => groupIsEmpty(child.child.pid)); // a dying process closes its pipes first
  });

  it("with SIGKILL ends a child that ignores everything else, and its children", async () => {
    verifies("02 P-57", "02 P-60", "02 S-3");
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", "trap '' TERM INT HUP; echo ready; sleep 100; sleep 100"],
    });
    await child.untilSaid("stdout", "ready");
    child.child.signal("SIGTERM");
    child.child.signal("SIGINT");
    child.child.signal("SIGKILL");
    await child.untilClosed();
    expect(child.exitCode).toBe(137);
    await eventually(() => groupIsEmpty(child.child.pid)); // a dying process closes its pipes first
  });

  it("with SIGKILL keeps the output that was in the pipe", async () => {
    verifies("02 S-13");
    const child = await RecordedChild.start(host, {
      argv: ["sh", "-c", "head -c 40000 /dev/zero; echo full >&2; exec sleep 100"],
    });
    await child.untilSaid("stderr", "full");
    child.child.signal("SIGKILL");
    await child.untilClosed();
    expect(child.bytes("stdout").length).toBe(40_000);
  });

  it.each(["none", "pty"] as const)(
    "with SIGKILL reaches descendants in sessions of their own (stdin %s)",
    async (stdin) => {
      const script = "setsid sh -c 'echo $$; setsid sh -c \"echo \\$\\$; sleep 100; :\" & wait' & wait";
      const child = await RecordedChild.start(host, { argv: ["sh", "-c", script], stdin });
      const escaped = await printedPids(child, 2, stdin === "pty" ? "pty" : "stdout");
      expect(escaped.every((pid) => !isGone(pid) && readProcess(pid)?.session === pid)).toBe(true);
      child.child.signal("SIGKILL");
      await child.untilClosed();
      await eventually(() => escaped.every(isGone));
      expect(child.exitCode).toBe(137);
    },
  );

  it("right after the start is not lost", async () => {
    for (const stdin of ["none", "pipe", "pty"] as const) {
      const child = await RecordedChild.start(host, { argv: ["sleep", "100"], stdin });
      child.child.signal("SIGKILL");
      await child.untilClosed();
      child.child.release();
      expect(child.exitCode).toBe(137);
    }
  });

  it("right after the start of a terminal interrupts the child, not this program", async () => {
    const child = await RecordedChild.start(host, { argv: ["sleep", "100"], stdin: "pty" });
    child.child.signal("SIGINT");
    await child.untilClosed();
    expect(child.exitCode).toBe(130);
  });
});

describe.each(ways)("signalling after the leader's exit, started by %s", (_, host) => {
  it("reaches what is left of the group", async () => {
    const child = await RecordedChild.start(host, { argv: ["sh", "-c", "sleep 100 & exit 5"] });
    await child.untilExited();
    expect(membersOf(child.child.pid)).toHaveLength(1);
    child.child.signal("SIGTERM");
    await child.untilClosed();
    await eventually(() => groupIsEmpty(child.child.pid)); // a dying process closes its pipes first
  });

  it("does nothing once the group is gone", async () => {
    verifies("02 S-4");
    const child = await RecordedChild.start(host, { argv: ["true"] });
    await child.untilClosed();
    child.child.signal("SIGKILL");
    child.child.signal("SIGINT");
  });

  it("never touches a group of the same number that is not the same", async () => {
    verifies("02 S-4");
    const stranger = spawn("sleep", ["100"], { detached: true, stdio: "ignore" });
    const pid = pidOf(stranger);
    await eventually(() => readProcess(pid)?.group === pid);
    // Its leader was reaped when the number belonged to nobody; the witnesses of that moment are none of these.
    const group = new ProcessGroup(pid);
    const kill = process.kill;
    process.kill = () => {
      throw Object.assign(new Error("kill ESRCH"), { code: "ESRCH" });
    };
    try {
      group.leaderReaped();
    } finally {
      process.kill = kill;
    }
    group.signal("SIGKILL");
    expect(isGone(pid)).toBe(false);
    await end(stranger);
  });

  it("goes on as long as one of those who outlived the leader lives", async () => {
    const { pid, group, survivors } = await leaderless("sleep 100 & echo $!; sleep 100 & echo $!; wait", 2);
    process.kill(first(survivors), "SIGKILL");
    await eventually(() => membersOf(pid).length === 1);
    group.signal("SIGKILL");
    await eventually(() => groupIsEmpty(pid));
  });

  it("stops when all of those are gone, though somebody bears the group's number", async () => {
    verifies("02 S-4");
    // Waits for stdin, which never comes, so that no other member of the group comes and goes.
    const heir = "trap 'sleep 100 & exit' USR1; echo $$; while :; do read never; done";
    const { pid, group, survivors } = await leaderless('exec 3<&0; sh -c "$1" <&3 & wait', 1, heir);
    process.kill(first(survivors), "SIGUSR1");
    await eventually(() => membersOf(pid).some((member) => !survivors.includes(member.pid)));
    await eventually(() => isGone(first(survivors)));
    group.signal("SIGKILL");
    const [stranger] = membersOf(pid);
    expect(stranger).toBeDefined();
    process.kill(first(stranger === undefined ? [] : [stranger.pid]), "SIGKILL");
    await eventually(() => groupIsEmpty(pid));
  });
});

describe.each(ways)("the process table, of a child started by %s", (_, host) => {
  it("is not confused by a program's name", async () => {
    const child = await RecordedChild.start(host, { argv: ["sleep", "100"], arg0: ") R 1 1 1" });
    expect(readProcess(child.child.pid)).toMatchObject({ group: child.child.pid, session: child.child.pid });
    child.child.signal("SIGKILL");
    await child.untilClosed();
    expect(existsSync(`/proc/${child.child.pid}`)).toBe(false);
    expect(readProcess(child.child.pid)).toBeNull();
  });
});

/** A group whose leader was killed and reaped after `count` of its members said their pids. */
async function leaderless(script: string, count: number, argument = "") {
  const leader = spawn("sh", ["-c", script, "sh", argument], { detached: true, stdio: ["pipe", "pipe", "ignore"] });
  const pid = pidOf(leader);
  let said = "";
  leader.stdout?.on("data", (bytes) => {
    said += bytes;
  });
  await eventually(() => said.split("\n").length > count);
  const survivors = said.trim().split("\n").map(Number);
  const group = new ProcessGroup(pid);
  process.kill(pid, "SIGKILL");
  await once(leader, "exit");
  group.leaderReaped();
  return { pid, group, survivors };
}

/** A pid to signal: never 0, which would be this program's own group. */
function first(pids: readonly number[]): number {
  const [pid] = pids;
  if (pid === undefined || !(pid > 1)) throw new Error("nobody to signal");
  return pid;
}

function pidOf(child: ChildProcess): number {
  return first(child.pid === undefined ? [] : [child.pid]);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
