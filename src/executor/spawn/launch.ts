import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { ChildDescriptors } from "./descriptor-shield.ts";
import { asSpawnError } from "./os-error.ts";

/** One `fork` and `exec`, with nothing left to be decided. */
export interface LaunchOrder {
  /** The program: a path with a slash, absolute or relative to `cwd`. */
  readonly file: string;
  /** What the program sees as its arguments, `argv[0]` first. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The whole set of descriptors, from 0 on. */
  readonly descriptors: ChildDescriptors;
  /** Its own session and process group from the start; otherwise it shares ours. */
  readonly ownSession: boolean;
}

/** A program that was started: its pid is known. */
export interface LaunchedProcess {
  readonly pid: number;
  readonly process: ChildProcess;
}

/**
 * Starts a program; every process of the executor is born here. `docs/decisions/0001-spawn-user-processes.md` says why it
 * is Node's own `spawn`. Signal mask and dispositions are the defaults in the child (02 P-9).
 * @throws SpawnError when the OS refuses
 */
export async function launch(order: LaunchOrder): Promise<LaunchedProcess> {
  const { file, argv, cwd, env, descriptors, ownSession } = order;
  const [argv0 = file, ...args] = argv;
  let process: ChildProcess;
  try {
    process = spawn(file, args, { argv0, cwd, env, stdio: [...descriptors], detached: ownSession });
  } catch (error) {
    throw asSpawnError(error);
  }
  const { pid } = process;
  if (pid !== undefined) return { pid, process };
  // Some refusals are thrown, others come as an event.
  const [error] = await once(process, "error");
  throw asSpawnError(error);
}
