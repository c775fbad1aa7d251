import type { GapPolicy } from "../actors/event-order.ts";
import type { WireParams } from "../protocol/methods.ts";
import { pathToWire, type RemotePath } from "./remote-path.ts";
import { type Sandbox, sandboxToWire } from "./sandbox.ts";

/** How a process is started. */
export interface StartOptions {
  /** Where it runs. Default: the link's `cwd`. */
  readonly cwd?: RemotePath | undefined;
  /** Variables laid over what is inherited. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /**
   * What is inherited from the executor's own environment: `core` (the default: PATH, HOME, SHELL, USER, locale and
   * temporary directory), `all` but names that look like secrets, or `none`: then the child gets exactly `env`.
   */
  readonly inheritEnv?: "core" | "all" | "none" | undefined;
  /** Runs it on a terminal of 24 by 80; output comes as the stream `pty`. Default false. */
  readonly tty?: boolean | undefined;
  /** Keeps a pipe to its stdin open. Default false: it reads an empty one. A terminal always takes input. */
  readonly stdin?: boolean | undefined;
  /** What the program sees as its own name. */
  readonly arg0?: string | undefined;
  /**
   * When the connection is lost in the middle of the start and the executor does not know the process afterwards: start it
   * again, though an executor other than Proctor's may have begun to run it. Default false: the start fails with the effect
   * `unknown`.
   */
  readonly repeatStart?: boolean | undefined;
  /**
   * What happens when output is lost for good, because the executor could not keep all that was printed during an outage:
   * `fail` (the default) terminates the process, and everything that waits for it fails with a ProcessLostError; `mark` goes on
   * behind the gap, which `events$` shows as `{ type: "gap", fromSeq, toSeq }` (03 D-2).
   */
  readonly onGap?: GapPolicy | undefined;
  /**
   * How long it may take, in milliseconds from its start to its close, at most 2^31-1. Then its group gets SIGTERM, and SIGKILL
   * two seconds later, whether or not a connection stands; a process that had not exited before tells `timedOut` with its
   * exit. Needs the extension `timeLimit`.
   */
  readonly timeLimitMs?: number | undefined;
  /**
   * Confines it and all its descendants (05): `read-only`, `workspace-write`, or rules of one's own. All of it is enforced, or the
   * start is refused with an RpcError `invalidParams` that says why. Default: nothing is.
   */
  readonly sandbox?: Sandbox | undefined;
  /** Gives up the start, and terminates the process when it runs already. */
  readonly signal?: AbortSignal | undefined;
}

/** The params of `process/start` but for the id. */
export function startParams(
  argv: readonly string[],
  options: StartOptions,
  defaultCwd: RemotePath,
): Omit<WireParams<"process/start">, "processId"> {
  const inherit = options.inheritEnv ?? "core";
  const cwd = pathToWire(options.cwd ?? defaultCwd);
  const filters = { ignoreDefaultExcludes: false, exclude: [], set: {}, includeOnly: [] };
  return {
    argv: [...argv],
    cwd,
    env: { ...options.env },
    tty: options.tty ?? false,
    pipeStdin: options.stdin ?? false,
    arg0: options.arg0 ?? null,
    envPolicy: inherit === "none" ? null : { inherit, ...filters },
    ...(options.sandbox !== undefined && { sandbox: sandboxToWire(options.sandbox, cwd) }),
    ...(options.timeLimitMs !== undefined && { timeLimitMs: options.timeLimitMs }),
  };
}
