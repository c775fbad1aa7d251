import { type ChildSignal, SignalError } from "../../ports/process-host.ts";
import { osErrorText } from "./os-error.ts";
import { childrenOf, membersOf, type ProcessEntry, readProcess } from "./process-table.ts";
import { type Delivery, send } from "./send-signal.ts";

/**
 * The process group that a child leads, and the one place that signals it.
 *
 * Never hits a stranger (02 S-4). While the leader is unreaped its number, and so the group's, cannot be given to anybody
 * else; libuv reaps on our own thread and tells us in the same turn of the event loop. At that moment the members
 * that outlive the leader are written down as witnesses: the kernel does not give a number away while a group bears it,
 * so as long as one witness lives (same pid, same start time, still in the group) the group is the same. With the last witness
 * gone, or without a `/proc` to find them in, the group is never signalled again.
 */
export class ProcessGroup {
  readonly #leader: number;
  /** `null` as long as the leader is unreaped. */
  #witnesses: readonly ProcessEntry[] | null = null;

  /** @param leader the pid of a child that leads, or is about to lead, a group of its own */
  constructor(leader: number) {
    this.#leader = leader;
  }

  /** To be called in the very turn in which the leader's exit became known. */
  leaderReaped(): void {
    this.#witnesses = send(-this.#leader, 0) === "gone" ? [] : membersOf(this.#leader);
  }

  /** Signals what is certainly still this group; `SIGKILL` also reaches descendants that left it (02 S-5). */
  signal(signal: ChildSignal): void {
    if (this.#witnesses === null) {
      this.#signalFrom([this.#leader], signal);
    } else if (this.#witnesses.some(isAlive)) {
      const members = membersOf(this.#leader);
      this.#witnesses = members;
      this.#signalFrom(
        members.map(({ pid }) => pid),
        signal,
      );
    }
  }

  /**
   * Interrupts what runs in the foreground of the leader's terminal, as typing `^C` would (02 S-6); the leader's own group
   * where the kernel does not tell, or does not yet have it in a session of its own.
   */
  interruptForeground(): void {
    const leader = this.#witnesses === null ? readProcess(this.#leader) : null;
    const isForeground = leader !== null && leader.session === this.#leader && leader.foreground > 0;
    if (isForeground) deliver(-leader.foreground, "SIGINT");
    else this.signal("SIGINT");
  }

  #signalFrom(roots: readonly number[], signal: ChildSignal): void {
    if (signal !== "SIGKILL") return this.#signalGroup(signal);
    // Stopped processes cannot fork, so nothing is born between the look and the kill.
    this.#signalGroup("SIGSTOP");
    const escaped = this.#stopEscaped(roots);
    this.#signalGroup("SIGKILL");
    for (const pid of escaped) send(pid, "SIGKILL");
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (deliver(-this.#leader, signal) === "gone" && this.#witnesses === null) {
      deliver(this.#leader, signal); // between its fork and its `setsid` it has no group yet
    }
  }

  /** Stops the descendants in other groups, parents before children, and returns them. Orphans are beyond finding. */
  #stopEscaped(roots: readonly number[]): Set<number> {
    const escaped = new Set<number>();
    const pending = [...roots];
    const seen = new Set(roots);
    for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
      for (const pid of childrenOf(parent)) {
        const entry = seen.has(pid) ? null : readProcess(pid);
        if (entry === null) continue;
        seen.add(pid);
        pending.push(pid);
        if (entry.group !== this.#leader && send(pid, "SIGSTOP") === "sent") escaped.add(pid);
      }
    }
    return escaped;
  }
}

function isAlive(witness: ProcessEntry): boolean {
  const now = readProcess(witness.pid);
  return now !== null && !now.isZombie && now.startTicks === witness.startTicks && now.group === witness.group;
}

function deliver(target: number, signal: NodeJS.Signals): Delivery {
  const delivery = send(target, signal);
  if (delivery === "refused") throw new SignalError(`failed to signal process: ${osErrorText("EPERM")}`);
  return delivery;
}
