import { readdirSync, readFileSync } from "node:fs";

/** What the kernel says of a process, as far as signals need it. */
export interface ProcessEntry {
  readonly pid: number;
  /** Its process group. */
  readonly group: number;
  readonly session: number;
  /** The foreground group of its controlling terminal; -1 without one. */
  readonly foreground: number;
  /** Clock ticks from boot to its start: with `pid`, the name of one process for all time. */
  readonly startTicks: string;
  /** Dead already, waiting for its parent to notice. */
  readonly isZombie: boolean;
}

/** Reads `/proc/<pid>/stat`; `null` if there is no such process, or no `/proc` as on macOS. */
export function readProcess(pid: number): ProcessEntry | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The second field is the program's name in parentheses and may contain anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    isZombie: fields[0] === "Z" || fields[0] === "X",
    group: Number(fields[2]),
    session: Number(fields[3]),
    foreground: Number(fields[5]),
    startTicks: fields[19] ?? "",
  };
}

/** The most memory that a process has held at once since its `exec`; `null` if that cannot be told, as of one that has ended. */
export function peakMemoryOf(pid: number): number | null {
  const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readOrNull(`/proc/${pid}/status`) ?? "")?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1_024;
}

/** The soft value of a resource limit, by its name in `/proc`; `null` if it is unlimited or the process has ended. */
export function readLimit(pid: number, name: string): bigint | null | "gone" {
  const text = readOrNull(`/proc/${pid}/limits`);
  if (text === null) return "gone";
  const at = text.indexOf(`\n${name} `);
  const value = at < 0 ? undefined : /^\s+(\d+)\s/.exec(text.slice(at + 1 + name.length, at + 81))?.[1];
  return value === undefined ? null : BigInt(value);
}

/** The live members of a process group, by a walk through all processes (about 10 µs each). */
export function membersOf(group: number): ProcessEntry[] {
  return processIds()
    .map(readProcess)
    .filter((entry) => entry !== null)
    .filter((entry) => entry.group === group && !entry.isZombie);
}

/** The children of a process; none where the kernel does not list them (`CONFIG_PROC_CHILDREN`). */
export function childrenOf(pid: number): number[] {
  return (directoryOrNull(`/proc/${pid}/task`) ?? [])
    .flatMap((thread) => (readOrNull(`/proc/${pid}/task/${thread}/children`) ?? "").split(" "))
    .filter((child) => child !== "")
    .map(Number);
}

/** Everybody on this machine that we can see. */
export function processIds(): number[] {
  return (directoryOrNull("/proc") ?? []).map(Number).filter(Number.isInteger);
}

/** A process may be gone at any moment, so every failure to read it says just that. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

function directoryOrNull(path: string): string[] | null {
  try {
    return readdirSync(path);
  } catch {
    return null;
  }
}
