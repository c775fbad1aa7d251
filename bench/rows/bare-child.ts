import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";

const env = { PATH: "/usr/local/bin:/usr/bin:/bin" };

/** A child as an executor would start it, by Node's own means. */
export function spawnBare([program = "", ...args]: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(program, args, { cwd: "/tmp", env, detached: true, stdio: ["ignore", "pipe", "pipe"], ...options });
}

/** Runs a program until its streams have ended; resolves with the number of bytes that it printed. */
export async function runBare(argv: readonly string[]): Promise<number> {
  const child = spawnBare(argv);
  let printed = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    printed += chunk.length;
  });
  child.stderr?.resume();
  await once(child, "close");
  return printed;
}
