import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { DescriptorShield } from "./descriptor-shield.ts";
import type { MarkRange } from "./process-mark.ts";

/** How often the guard looks again, for a process that takes its time to die. */
const mostRounds = 100;

/**
 * Waits for the end of its input, which comes when this program is gone, however that happened. Then it kills all whose mark is
 * from $1 to $2, until there is none. Needs nothing but a shell.
 */
const script = `
read -r line
round=0 found=1
while [ $found = 1 ] && [ $round -lt ${mostRounds} ]; do
  round=$((round + 1)) found=0
  for limits in /proc/[0-9]*/limits; do
    while read -r max file locks mark rest; do
      [ "$max $file $locks" = "Max file locks" ] || continue
      [ "$mark" = unlimited ] && break
      if [ "$mark" -ge "$1" ] && [ "$mark" -le "$2" ]; then
        pid=\${limits#/proc/}
        kill -9 "\${pid%/limits}" && found=1
      fi
      break
    done <"$limits"
  done
done
`;

/**
 * A small process beside the host that outlives it by a moment: when this program is killed so that it can clean up nothing, the
 * guard kills every descendant of its children (02 S-5), by the marks they bear. It is a shell of 1 MB that sleeps in a read, does not
 * keep the program alive, and ends with the host that is disposed of in order.
 */
export class OrphanGuard implements Disposable {
  readonly #range: MarkRange;
  readonly #shield: DescriptorShield;
  #shell: ChildProcess | null = null;
  #isOver = false;

  /** @param range the marks of whom it kills */
  constructor(range: MarkRange, shield: DescriptorShield) {
    this.#range = range;
    this.#shield = shield;
  }

  /** Makes sure that it stands by; one that somebody has killed is replaced. */
  watch(): void {
    if (this.#isOver || this.#shell !== null) return;
    const { first, last } = this.#range;
    const shell = spawn("/bin/sh", ["-c", script, "proctor-guard", String(first), String(last)], {
      argv0: "proctor-guard",
      cwd: "/",
      env: {},
      detached: true, // what is sent to the group of this program must not end it too
      stdio: [...this.#shield.cover(["pipe", "ignore", "ignore"])], // it must hold nothing open
    });
    this.#shell = shell;
    shell.unref();
    (shell.stdin as Socket | null)?.unref(); // what "pipe" makes of it, unless descriptors have run out
    shell.stdin?.on("error", () => undefined); // it is gone, and its exit says so
    const gone = () => {
      this.#shell = null;
    };
    shell.once("exit", gone);
    shell.once("error", gone); // without it nothing is worse than it was
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#shell?.kill("SIGKILL"); // before it can take the end of its input for our death
    this.#shell?.stdin?.destroy();
  }
}
