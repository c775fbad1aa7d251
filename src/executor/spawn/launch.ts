import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { ChildEnd } from "../../ports/process-host.ts";
import { childReaper, type EndListener } from "./child-reaper.ts";
import type { ChildDescriptor, ChildDescriptors, DescriptorShield } from "./descriptor-shield.ts";
import type { Libc, SpawnOrder } from "./libc.ts";
import { asSpawnError, spawnRefused } from "./os-error.ts";
import type { ProcessMark } from "./process-mark.ts";

/** One start, with nothing left to be decided. */
export interface LaunchOrder {
  /** The program: a path with a slash, absolute or relative to `cwd`. */
  readonly file: string;
  /** What the program sees as its arguments, `argv[0]` first. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Descriptors above 2 that it gets under their own numbers. */
  readonly inherited: readonly number[];
}

/** A program that was started: its pid is known. */
export interface LaunchedProcess {
  readonly pid: number;
  /** Calls `listener` in the turn in which the program was reaped; several in the order of the calls. */
  onEnd(listener: EndListener): void;
}

/** A program that Node has started. */
export interface NodeProcess extends LaunchedProcess {
  /** Our ends of the descriptors that were asked for as `"pipe"`; `null` for the others. */
  readonly sockets: readonly (Readable | Writable | null | undefined)[];
}

/**
 * Starts a program through the C library, as the leader of a session of its own, with default signals (02 P-9). Nothing but
 * `descriptors` and `inherited` goes to it, and it bears `mark`. `docs/decisions/0003-reap-children-ourselves.md` says why.
 * @throws SpawnError when the OS refuses
 */
export function launchByLibc(
  libc: Libc,
  order: LaunchOrder & Pick<SpawnOrder, "descriptors">,
  shield: DescriptorShield,
  mark: ProcessMark,
): LaunchedProcess {
  const start = () => libc.spawn({ ...order, closed: shield.hidden });
  const pid = childReaper.start(libc, () => libc.marked(mark, start));
  if (typeof pid !== "number") throw spawnRefused(pid);
  return { pid, onEnd: (listener) => childReaper.onEnd(pid, listener) };
}

/**
 * Starts a program through Node's own `spawn`, where there is no C library to be had; nobody can tell then what it used.
 * Signal mask and dispositions are the defaults in the child (02 P-9).
 * @param order with `ownSession`: its own session and process group from the start; otherwise it shares ours
 * @throws SpawnError when the OS refuses
 */
export async function launchByNode(
  order: LaunchOrder & { readonly descriptors: ChildDescriptors; readonly ownSession: boolean },
  shield: DescriptorShield,
): Promise<NodeProcess> {
  const { file, argv, cwd, env, descriptors, inherited, ownSession } = order;
  const [argv0 = file, ...args] = argv;
  const stdio: ChildDescriptor[] = [...shield.cover(descriptors)];
  for (const fd of inherited) {
    while (stdio.length < fd) stdio.push("ignore");
    stdio[fd] = fd;
  }
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(file, args, { argv0, cwd, env, stdio, detached: ownSession });
  } catch (error) {
    throw asSpawnError(error);
  }
  const { pid } = child;
  if (pid !== undefined) {
    const onEnd = (listener: EndListener) => void child.once("exit", (code, signal) => listener(endOf(code, signal)));
    return { pid, onEnd, sockets: child.stdio };
  }
  // Some refusals are thrown, others come as an event.
  const [error] = await once(child, "error");
  throw asSpawnError(error);
}

/** 128 + signal in both modes (02 P-30, S-3); -1 if Node cannot tell. */
function endOf(code: number | null, signal: NodeJS.Signals | null): ChildEnd {
  return { exitCode: signal === null ? (code ?? -1) : 128 + constants.signals[signal], usage: null };
}
