import { type Clock, systemClock } from "../../ports/clock.ts";
import { type MarkRange, markOf } from "./process-mark.ts";
import { type ProcessEntry, processIds, readProcess } from "./process-table.ts";
import { send } from "./send-signal.ts";

/** Processes that are looked at in one turn of the event loop, at 20 µs each. */
const looksPerTurn = 50;
/** On a machine where processes come and go all the time the search must still come to an end. */
const mostRoundsForTheVanished = 20;
/** A hunt is followed by a rest of this many times its length, so that many kills do not take the whole processor. */
const restFactor = 3;
const longestRestMs = 200;
/** How long a killed process may take to be dead. */
const waitMs = 5;
const mostWaits = 200;

/**
 * Finds descendants of children that nothing else leads to any more, by their marks, and kills them (03 D-13): those that left
 * the group and the session and whose ancestors are gone. The search is repeated among those who are new until it finds
 * nothing more: a fork that was under way at the kill has its result in the next round.
 *
 * Never hits a stranger: the mark is read again between two looks at the same process (same pid, same start), the second one
 * right before the kill; and whoever is in our own session is passed over: another thread of this program could have started it
 * while a mark was set.
 */
export class EscapeeHunt {
  readonly #clock: Clock;
  /** Every child of ours left this session before its first instruction, and no way leads back. */
  readonly #ownSession = readProcess(process.pid)?.session;
  #wanted: MarkRange[] = [];
  #next: Promise<void> | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Resolves when none of these is left. Calls that come in during a hunt share the next one. */
  kill(range: MarkRange): Promise<void> {
    this.#wanted.push(range);
    this.#next ??= this.#last.then(() => {
      const wanted = this.#wanted;
      this.#wanted = [];
      this.#next = null;
      const begun = this.#clock.now();
      const hunt = this.#hunt(wanted);
      const rest = () => this.#rest(Math.min((this.#clock.now() - begun) * restFactor, longestRestMs));
      this.#last = hunt.then(rest, rest);
      return hunt;
    });
    return this.#next;
  }

  #rest(restMs: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, restMs));
  }

  async #hunt(wanted: readonly MarkRange[]): Promise<void> {
    const known = new Set<number>();
    const killed: ProcessEntry[] = [];
    for (let round = 0, isSettled = false; !isSettled; round++) {
      isSettled = true;
      // The newest first: one that keeps forking and ending is in the newest of its incarnations.
      const unknown = processIds().filter((pid) => !known.has(pid));
      for (const pid of unknown.reverse()) {
        known.add(pid);
        if (known.size % looksPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
        const found = this.#look(pid, wanted);
        // One that was gone before it could be looked at may have a successor.
        if (found === "gone" && round < mostRoundsForTheVanished) isSettled = false;
        if (found === null || found === "gone") continue;
        isSettled = false;
        if (send(pid, "SIGKILL") === "sent") killed.push(found);
      }
    }
    // One that the kernel does not let go of would not die of waiting either.
    for (let waits = 0; waits < mostWaits && killed.some(isSame); waits++) await this.#rest(waitMs);
  }

  /** The process if it bears a wanted mark and is to be killed. */
  #look(pid: number, wanted: readonly MarkRange[]): ProcessEntry | "gone" | null {
    const mark = markOf(pid);
    if (mark === "gone") return "gone";
    if (mark === null || !wanted.some((range) => range.includes(mark))) return null;
    const entry = readProcess(pid);
    if (entry === null || entry.isZombie) return "gone";
    if (entry.session === this.#ownSession || markOf(pid) !== mark || !isSame(entry)) return null;
    return entry;
  }
}

function isSame(entry: ProcessEntry): boolean {
  const now = readProcess(entry.pid);
  return now !== null && !now.isZombie && now.startTicks === entry.startTicks;
}
