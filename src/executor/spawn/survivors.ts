import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { Clock } from "../../ports/clock.ts";
import { ProcessGroup } from "./process-group.ts";
import { membersOf, readProcess } from "./process-table.ts";

/** One child for all time: its pid and start within one life of the machine. */
export interface ChildIdentity {
  readonly boot: string;
  readonly pid: number;
  readonly startTicks: string;
}

/** The kernel tells times to the rest of the world in hundredths of a second, on every architecture. */
const tickMs = 10;

/** Names the present life of the machine; `null` where the system does not, as on macOS. */
export function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return null;
  }
}

/** Counts milliseconds since the machine was started, never ahead of the kernel, which counts the time of a suspension too. */
export function bootClock(clock: Clock): () => number {
  const offset = uptime() * 1000 - clock.now();
  return () => offset + clock.now();
}

/** Identifies a child that runs; `null` where the system has no `/proc`, or the child is gone. */
export function identityOf(pid: number, boot: string | null): ChildIdentity | null {
  const entry = readProcess(pid);
  return entry === null || boot === null ? null : { boot, pid, startTicks: entry.startTicks };
}

/**
 * Kills what is left of a child of an earlier executor: its group, and the descendants that left it. Never hits a stranger:
 * either the leader is still there, the same by its start; or a member of the group was born while the leader was certainly
 * alive, and as long as it lives the group's number is nobody else's. Tells whether something of that number was left alone
 * because neither is so.
 *
 * @param aliveAtMs a moment, on the boot clock, at which the child had certainly not been waited for
 */
export function killSurvivors({ boot, pid, startTicks }: ChildIdentity, aliveAtMs: number): "done" | "unsure" {
  if (boot !== bootId()) return "done";
  const group = new ProcessGroup(pid);
  const leader = readProcess(pid);
  // The kernel gives no number away while a group bears it: a stranger has it, so nothing of ours is left.
  if (leader !== null && leader.startTicks !== startTicks) return "done";
  if (leader === null) {
    const members = membersOf(pid);
    if (members.length === 0) return "done";
    if (!members.some((member) => Number(member.startTicks) * tickMs <= aliveAtMs)) return "unsure";
    group.leaderReaped();
  }
  group.signal("SIGKILL");
  return "done";
}
