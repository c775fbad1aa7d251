import { setTimeout as pause } from "node:timers/promises";
import { isAlive, killNow } from "../peer/process-tree.ts";
import type { ReplayContext } from "./replay-context.ts";

/** Looks after the operating-system processes whose pids the recorded commands print. */
export class PrintedProcesses {
  readonly #context: ReplayContext;
  readonly #occurrences = new Map<string, number>();
  readonly #strays = new Set<number>();

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  /** The state of the process whose pid is the last number that any process has printed on a line of its own. */
  async expect(event: string, recorded: boolean): Promise<void> {
    const occurrence = (this.#occurrences.get(event) ?? 0) + 1;
    this.#occurrences.set(event, occurrence);
    const better = this.#context.deviations.find(
      (other) => other.kind === "alive" && other.event === event && other.occurrence === occurrence,
    );
    const pid = this.#printedPid();
    this.#strays.add(pid);
    const wanted = better?.kind === "alive" && better.demand === "must" ? better.alive : recorded;
    // A kill needs a moment to take effect; being alive has to be true at once.
    const deadline = performance.now() + 1_000;
    while (!wanted && isAlive(pid) && performance.now() < deadline) await pause(5);
    const seen = isAlive(pid);
    if (seen === wanted || (better?.kind === "alive" && better.alive === seen)) return;
    this.#context.report(`${event} is ${seen}, expected ${wanted}`);
  }

  #printedPid(): number {
    const printed = [...this.#context.book.lives()].flatMap(({ seen }) =>
      [...seen.chunks.values()].flatMap(({ bytes }) => /^(\d+)\n$/.exec(bytes.toString())?.[1] ?? []),
    );
    const pid = Number(printed.at(-1));
    if (!pid) throw new Error("no process has printed a pid");
    return pid;
  }

  /** Ends those that outlived the server's care. */
  killAll(): void {
    for (const pid of this.#strays) killNow(pid);
  }
}
