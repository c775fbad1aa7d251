import type { Confinement } from "../../ports/confinement.ts";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import type { Bubblewrap } from "./bubblewrap.ts";
import { type MountPlan, type PlanArgument, text } from "./mount-plan.ts";

/** What surrounds a view of the files. */
export interface Frame {
  /** `null`: the files are free, and only the network is cut off (05 SB-N3). */
  readonly plan: MountPlan | null;
  readonly network: Confinement["network"];
  /** Is the program kept away from the terminal of whoever started it, in a session of its own? */
  readonly newSession: boolean;
  /** Where it starts, by its real path. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it sees as its `argv[0]`; `null`: the word that it was called by. */
  readonly arg0: string | null;
  readonly filterFd: number;
  readonly statusFd: number;
}

/** All options of one call of bubblewrap (05 section 8.1). */
export function frameArguments(frame: Frame, { isRoot, isolatesNetwork, setsArg0 }: Bubblewrap): PlanArgument[] {
  const { plan, network, newSession, cwd, env, arg0, filterFd, statusFd } = frame;
  const isCut = network === "restricted";
  if (isCut && !isolatesNetwork) {
    throw new SandboxRefusedError(
      "sandbox intent cannot be enforced on this executor: this machine does not let bubblewrap make network namespaces",
    );
  }
  if (arg0 !== null && !setsArg0) {
    throw new SandboxRefusedError("arg0 cannot be set in a sandbox with this bubblewrap; 0.9.0 or later can");
  }
  const session = [...(newSession ? ["--new-session"] : []), "--die-with-parent"];
  const net = isCut ? ["--unshare-net"] : [];
  const confined = ["--unshare-user", "--unshare-pid", "--unshare-ipc", ...net, "--cap-drop", "ALL"];
  return [
    ...text(...session),
    ...(plan === null
      ? // As root without a user namespace, so that it stays whoever it is on all files.
        text(...(isRoot ? [] : ["--unshare-user"]), ...net, "--dev-bind", "/", "/")
      : [...text(...confined), ...plan.words]),
    ...text("--seccomp", String(filterFd), "--json-status-fd", String(statusFd), "--chdir", cwd),
    ...(arg0 === null ? [] : text("--argv0", arg0)),
    ...Object.entries(env).flatMap(([name, value]) => text("--setenv", name, value)),
  ];
}
