import { spawn } from "node:child_process";
import { once } from "node:events";

/** A child that leads its own process group. Disposing of it ends the whole group. */
export interface ChildGroup extends AsyncDisposable {
  /** Resolves with the exit code, `null` when a signal ended it, once its output is whole; rejects when it did not start. */
  readonly ended: Promise<number | null>;
  /** Resolves with the first line on stdout; rejects with all that was printed when the child ends without one. */
  readonly firstLine: Promise<string>;
  /** All that it printed so far, stdout before stderr. */
  printed(): string;
  /** Ends the group at once. */
  kill(): void;
}

/** How long a group may take to end in order before it is killed. */
const graceMs = 2_000;

/** Starts a program with exactly this environment, an empty stdin, and a process group of its own. */
export function spawnGroup(
  [program, ...args]: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): ChildGroup {
  const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  const printed = () => `${stdout}${stderr}`;
  const ended = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      stdout += piece;
      const end = stdout.indexOf("\n");
      if (end >= 0) resolve(stdout.slice(0, end));
    });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      stderr += piece;
    });
    ended.then(
      (code) => reject(new Error(`${program} ended with ${code} before its first line: ${printed()}`)),
      reject,
    );
  });
  firstLine.catch(() => {}); // heard by whoever awaits it; not everybody does

  function signal(name: NodeJS.Signals): void {
    if (child.pid === undefined) return; // it did not start
    try {
      process.kill(-child.pid, name);
    } catch (error) {
      // An empty group is what we want.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  const kill = () => signal("SIGKILL");
  process.once("exit", kill); // whoever is interrupted before disposing leaves nothing behind either

  return {
    ended,
    firstLine,
    printed,
    kill,
    async [Symbol.asyncDispose]() {
      signal("SIGTERM");
      const grace = setTimeout(kill, graceMs);
      await Promise.allSettled([ended]);
      clearTimeout(grace);
      kill();
      process.off("exit", kill);
    },
  };
}
