import { type Clock, systemClock } from "../../ports/clock.ts";
import type { ChildEnd } from "../../ports/process-host.ts";
import type { Libc, ReapedChild } from "./libc.ts";
import { peakMemoryOf } from "./process-table.ts";

/**
 * Children are looked at this often, whatever signals say: a program that we live in may remove our listener. Quickly after
 * every start, since most children are short, then rarely.
 */
const quickLookMs = 100;
const slowLookMs = 1_000;
const quickLooks = 20;
/** How many children's memory is read in one look, 25 µs each; the others have their turn in the next. */
const looksAtOnce = 64;

/** Hears of the end of a child in the turn in which it was reaped. */
export type EndListener = (end: ChildEnd) => void;

interface LivingChild {
  readonly libc: Libc;
  readonly listeners: EndListener[];
  /** What the kernel counts as the child's memory at least: what this program had in memory when it was started. */
  readonly floorBytes: number;
  /** The most memory that was seen in a look. */
  peakBytes: number | null;
}

/**
 * Reaps the children that were started through the C library, and tells what they used. Node reaps only its own, each by its
 * number, as we do: neither takes the other's. A child keeps the program alive, as one of Node's does.
 *
 * CPU time is exact. Peak memory is exact above what this program itself had in memory: the kernel lets a child inherit
 * the peak of who started it. Below that it is what the last look saw, and unknown for a child that no
 * look has met.
 */
export class ChildReaper {
  readonly #clock: Clock;
  readonly #children = new Map<number, LivingChild>();
  #look: unknown = null;
  #quickLooksLeft = 0;
  readonly #reap = () => this.#reapEnded();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts a child by `spawn` and watches it; what is no pid is handed back. Nothing that ends at once is missed. */
  start<Refusal>(libc: Libc, spawn: () => number | Refusal): number | Refusal {
    if (this.#children.size === 0) process.on("SIGCHLD", this.#reap);
    const pid = spawn();
    if (typeof pid === "number") {
      // Read after the start: the peak never falls, so it is not less than what the child has inherited.
      const floorBytes = process.resourceUsage().maxRSS * 1_024;
      this.#children.set(pid, { libc, listeners: [], floorBytes, peakBytes: null });
      const isSlow = this.#quickLooksLeft === 0;
      this.#quickLooksLeft = quickLooks;
      if (isSlow) this.#lookLater();
    } else if (this.#children.size === 0) process.off("SIGCHLD", this.#reap);
    return pid;
  }

  /** Calls `listener` when the child has ended; in the order of the calls. */
  onEnd(pid: number, listener: EndListener): void {
    this.#children.get(pid)?.listeners.push(listener);
  }

  /**
   * Asks the kernel who has ended, since asking for each child by its number costs 0.6 ms for 1,000 of them, at every end of one.
   * It tells of one at a time: behind another's child, ours would not be seen. Where nobody is left, somebody else has reaped, and it
   * may have been one of ours.
   */
  #reapEnded(): void {
    const libc = this.#children.values().next().value?.libc;
    if (libc === undefined) return;
    let reaped = 0;
    for (let pid = libc.ended(); pid !== null; pid = libc.ended()) {
      const child = this.#children.get(pid);
      if (child === undefined || !this.#reapOne(pid, child)) return this.#reapAll();
      reaped += 1;
    }
    if (reaped === 0) this.#reapAll();
    else if (this.#children.size === 0) this.#rest();
  }

  #reapAll(): void {
    for (const [pid, child] of this.#children) this.#reapOne(pid, child);
    if (this.#children.size === 0) this.#rest();
  }

  /** False: it has not ended. */
  #reapOne(pid: number, child: LivingChild): boolean {
    const reaped = child.libc.reap(pid);
    if (reaped === null) return false;
    this.#children.delete(pid);
    const end = endOf(reaped, child);
    // Once all are reaped, in this very turn; one that throws keeps nothing from the others.
    for (const listener of child.listeners) process.nextTick(listener, end);
    return true;
  }

  #rest(): void {
    process.off("SIGCHLD", this.#reap);
    if (this.#look !== null) this.#clock.clearTimeout(this.#look);
    this.#look = null;
    this.#quickLooksLeft = 0;
  }

  #lookLater(): void {
    if (this.#look !== null) this.#clock.clearTimeout(this.#look);
    const delayMs = this.#quickLooksLeft > 0 ? quickLookMs : slowLookMs;
    this.#look = this.#clock.setTimeout(() => this.#lookAtAll(), delayMs);
  }

  #lookAtAll(): void {
    this.#quickLooksLeft = Math.max(0, this.#quickLooksLeft - 1);
    this.#lookLater();
    // A list of its own: what is put to the end of the map would come again, until so many looks are made.
    for (const [pid, child] of this.#children.entries().take(looksAtOnce).toArray()) {
      const peakBytes = peakMemoryOf(pid);
      if (peakBytes !== null) child.peakBytes = peakBytes;
      // To the end of the queue.
      this.#children.delete(pid);
      this.#children.set(pid, child);
    }
    this.#reapAll();
  }
}

/** The one of this program: signals are for all of it. */
export const childReaper = new ChildReaper(systemClock);

/** Another one may have reaped it, with a `waitpid` for any child: then nothing is known. */
function endOf(reaped: ReapedChild | "unknown", { floorBytes, peakBytes }: LivingChild): ChildEnd {
  if (reaped === "unknown") return { exitCode: -1, usage: null };
  const { exitCode, userCpuMs, systemCpuMs, maxResidentBytes } = reaped;
  const peakMemoryBytes = maxResidentBytes > floorBytes ? maxResidentBytes : peakBytes;
  return { exitCode, usage: { userCpuMs, systemCpuMs, peakMemoryBytes } };
}
