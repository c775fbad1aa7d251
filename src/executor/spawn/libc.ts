import { constants as fileConstants } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import type { ErrnoName } from "./os-error.ts";
import type { ProcessMark } from "./process-mark.ts";

/** One `posix_spawn`, with nothing left to be decided. */
export interface SpawnOrder {
  /** A path with a slash, absolute or relative to `cwd`. */
  readonly file: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What becomes 0, 1 and 2: one of our descriptors, `null` for `/dev/null`; or the terminal to take, by its path. */
  readonly descriptors: readonly (number | null)[] | { readonly terminal: string };
  /** Descriptors of ours above 2 that the child gets under their own numbers, whether or not they close themselves. */
  readonly inherited: readonly number[];
  /** What the child must not inherit, of that which does not close itself. */
  readonly closed: Iterable<number>;
}

/** How a child ended, as the kernel tells whoever reaps it. */
export interface ReapedChild {
  /** 0 to 255, or 128 + signal. */
  readonly exitCode: number;
  /** Of the child and of the descendants that it has waited for itself. */
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** The largest of any of them; at least what this program had in memory at most when the child was started. */
  readonly maxResidentBytes: number;
}

/** What Proctor needs of the C library and Node does not offer; Linux. */
export interface Libc {
  /** Starts a child that leads a session of its own, with default signals, none of them blocked. Its pid, or the refusal. */
  spawn(order: SpawnOrder): number | ErrnoName;
  /** Reaps a child of ours if it has ended; `null`: it has not. */
  reap(pid: number): ReapedChild | "unknown" | null;
  /** A child of this program, ours or another's, that has ended and waits to be reaped; `null`: there is none. */
  ended(): number | null;
  /** A pipe, both ends of which close themselves on `exec`; or the refusal. */
  pipe(): { readonly read: number; readonly write: number } | ErrnoName;
  /** From now on this descriptor closes itself on `exec`. */
  closeOnExec(fd: number): void;
  /** Has the pipe that `fd` writes to lost its last reader? */
  isUnread(fd: number): boolean;
  /** Runs `action`; a child that it starts bears the mark. */
  marked<Result>(mark: ProcessMark, action: () => Result): Result;
}

const spawnSetSignalDefaults = 0x04;
const spawnSetSignalMask = 0x08;
const spawnSetSession = 0x80;
const closeOnExec = 0o2000000;
const setDescriptorFlags = 2;
const closeOnExecFlag = 1;
const noHang = 1;
const pollError = 0x08;
const anyChild = 0; // P_ALL
const exited = 0x04;
const leaveWaiting = 0x01000000;
/** Where `siginfo_t` has the child's pid, in numbers of four bytes; the same wherever pointers have eight. */
const endedPid = 4;
/** `RLIMIT_LOCKS`: inherited like any limit, and without any effect since Linux 2.4.25. */
const markedLimit = 10;
/** Larger than any of glibc or musl; what we allocate for structures that only the library looks into. */
const opaqueBytes = 512;
const signalSetBytes = 128;

// What koffi makes of a declaration is typed by nobody but us.
type CFunction<Params extends unknown[]> = (...params: Params) => number;
type Koffi = typeof import("koffi");

let loaded: Libc | null | undefined;

/**
 * The C library, or `null` where it cannot be had: on macOS, on a machine without koffi's compiled part, and in a worker
 * thread, which hears no SIGCHLD.
 */
export function loadLibc(): Libc | null {
  loaded ??= canLoad() ? bind(createRequire(import.meta.url)("koffi") as Koffi) : null;
  return loaded;
}

function canLoad(): boolean {
  const isKnown = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
  if (!isKnown || !isMainThread) return false;
  try {
    createRequire(import.meta.url)("koffi");
    return true;
  } catch {
    return false; // an optional dependency: not installed, or not compiled for this system
  }
}

function bind(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const declare = <Params extends unknown[]>(declaration: string) =>
    library.func(declaration) as unknown as CFunction<Params>;
  type Memory = NodeJS.TypedArray;
  type Strings = readonly (string | null)[];
  const posixSpawn = declare<[Memory, string, Memory, Memory, Strings, Strings]>(
    "int posix_spawn(void*, const char*, void*, void*, const char**, const char**)",
  );
  const initActions = declare<[Memory]>("int posix_spawn_file_actions_init(void*)");
  const destroyActions = declare<[Memory]>("int posix_spawn_file_actions_destroy(void*)");
  const addOpen = declare<[Memory, number, string, number, number]>(
    "int posix_spawn_file_actions_addopen(void*, int, const char*, int, unsigned int)",
  );
  const addDup = declare<[Memory, number, number]>("int posix_spawn_file_actions_adddup2(void*, int, int)");
  const addClose = declare<[Memory, number]>("int posix_spawn_file_actions_addclose(void*, int)");
  const addChdir = declare<[Memory, string]>("int posix_spawn_file_actions_addchdir_np(void*, const char*)");
  const initAttributes = declare<[Memory]>("int posix_spawnattr_init(void*)");
  const setFlags = declare<[Memory, number]>("int posix_spawnattr_setflags(void*, short)");
  const setDefaults = declare<[Memory, Memory]>("int posix_spawnattr_setsigdefault(void*, void*)");
  const setMask = declare<[Memory, Memory]>("int posix_spawnattr_setsigmask(void*, void*)");
  const wait4 = declare<[number, Memory, number, Memory]>("int wait4(int, void*, int, void*)");
  const waitid = declare<[number, number, Memory, number]>("int waitid(int, int, void*, int)");
  const pipe2 = declare<[Memory, number]>("int pipe2(void*, int)");
  const fcntl = declare<[number, number, "int", number]>("int fcntl(int, int, ...)");
  const poll = declare<[Memory, number, number]>("int poll(void*, unsigned long, int)");
  const prlimit = declare<[number, number, Memory | null, Memory | null]>("int prlimit(int, int, void*, void*)");

  const attributes = Buffer.alloc(opaqueBytes);
  initAttributes(attributes);
  // Every signal, not what `sigfillset` fills in: glibc leaves out two of its own, which would then stay ignored.
  setDefaults(attributes, Buffer.alloc(signalSetBytes, 0xff));
  setMask(attributes, Buffer.alloc(signalSetBytes));
  setFlags(attributes, spawnSetSignalDefaults | spawnSetSignalMask | spawnSetSession);

  const newPid = new Int32Array(1);
  const status = new Int32Array(1);
  const usage = new BigInt64Array(18); // struct rusage: two times of seconds and microseconds, then 14 numbers
  const waiting = new Int32Array(32); // siginfo_t
  const ends = new Int32Array(2);
  const polled = new Int32Array(2); // struct pollfd: the descriptor, then two short sets of events
  const limit = new BigUint64Array(2);

  return {
    spawn({ file, argv, cwd, env, descriptors, inherited, closed }) {
      const actions = Buffer.alloc(opaqueBytes);
      initActions(actions);
      try {
        addChdir(actions, cwd);
        if ("terminal" in descriptors) {
          // The leader of a new session that opens a terminal gets it as its controlling terminal.
          addOpen(actions, 0, descriptors.terminal, fileConstants.O_RDWR, 0);
          addDup(actions, 0, 1);
          addDup(actions, 0, 2);
        } else {
          descriptors.forEach((fd, index) => {
            if (fd === null) addOpen(actions, index, "/dev/null", fileConstants.O_RDWR, 0);
            else addDup(actions, fd, index);
          });
        }
        // Onto itself: that takes the flag away which would close it.
        for (const fd of inherited) addDup(actions, fd, fd);
        for (const fd of closed) if (fd > 2) addClose(actions, fd);
        const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        const refusal = posixSpawn(newPid, file, actions, attributes, [...argv, null], [...variables, null]);
        return refusal === 0 ? (newPid[0] ?? 0) : nameOf(refusal);
      } finally {
        destroyActions(actions);
      }
    },
    reap(pid) {
      const reaped = wait4(pid, status, noHang, usage);
      if (reaped === 0) return null;
      if (reaped < 0) return "unknown";
      return {
        exitCode: exitCodeOf(status[0] ?? 0),
        userCpuMs: milliseconds(usage, 0),
        systemCpuMs: milliseconds(usage, 2),
        maxResidentBytes: Number(usage[4] ?? 0n) * 1_024,
      };
    },
    ended() {
      waiting[endedPid] = 0; // which it stays where nobody waits
      const result = waitid(anyChild, 0, waiting, exited | noHang | leaveWaiting);
      return result === 0 ? waiting[endedPid] || null : null;
    },
    pipe() {
      if (pipe2(ends, closeOnExec) !== 0) return nameOf(koffi.errno());
      return { read: ends[0] ?? -1, write: ends[1] ?? -1 };
    },
    closeOnExec(fd) {
      fcntl(fd, setDescriptorFlags, "int", closeOnExecFlag);
    },
    isUnread(fd) {
      polled[0] = fd;
      polled[1] = 0;
      return poll(polled, 1, 0) === 1 && ((polled[1] >> 16) & pollError) !== 0;
    },
    marked(mark, action) {
      prlimit(0, markedLimit, null, limit);
      const before = limit[0] ?? 0n;
      limit[0] = mark;
      prlimit(0, markedLimit, limit, null);
      try {
        return action();
      } finally {
        limit[0] = before;
        prlimit(0, markedLimit, limit, null);
      }
    },
  };
}

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name as ErrnoName]));

function nameOf(errno: number): ErrnoName {
  return names.get(errno) ?? "EIO";
}

/** A death by a signal, with or without a core, is in the low seven bits; otherwise the code is above them. */
function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** Whole ones, rounded. */
function milliseconds(rusage: BigInt64Array, at: number): number {
  return Math.round(Number(rusage[at] ?? 0n) * 1_000 + Number(rusage[at + 1] ?? 0n) / 1_000);
}
