import { readdirSync, readFileSync } from "node:fs";
import { descendants } from "../../conformance/peer/process-tree.ts";

/** The file helpers below this program, by the pids of their innermost processes: the operating system is asked, not the executor. */
export function helperProcesses(root = process.pid): number[] {
  return descendants(root).filter((pid) => {
    const [program = "", script = ""] = read(`/proc/${pid}/cmdline`).split("\0");
    return program === process.execPath && /\/(?:executor\/helper\/main\.[jt]s|file-helper\.js)$/.test(script);
  });
}

/** Everything that runs under bubblewrap below this program. */
export function confinedProcesses(root = process.pid): number[] {
  return descendants(root).filter((pid) =>
    /^bwrap\0|executor\/helper\/main|file-helper\.js/.test(read(`/proc/${pid}/cmdline`)),
  );
}

/** What is mounted in the namespace of this program. */
export function mounts(): string {
  return readFileSync("/proc/self/mountinfo", "utf8");
}

/** The open descriptors of this program. */
export function descriptorCount(): number {
  return readdirSync("/proc/self/fd").length;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
