import { type ExecFileException, execFile } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import type { PlanHost } from "./mount-plan.ts";
import { isWithin } from "./path-text.ts";

/** The bubblewrap of this machine, and what it can do here. */
export interface Bubblewrap extends PlanHost {
  readonly file: string;
  /** As it calls itself: `bubblewrap 0.8.0`. */
  readonly version: string;
  /** Can it cut a program off the network with a namespace? */
  readonly isolatesNetwork: boolean;
  /** Can it show the program another `argv[0]`? (05 SB-P4) */
  readonly setsArg0: boolean;
  /** A program `env` that can hand signals on as they were, for terminals (05 SB-T2); `null`: none. */
  readonly env: string | null;
}

/** What to do where there is none. */
export const bubblewrapRemedy =
  "install bubblewrap 0.8.0 or later, for example with `apt-get install bubblewrap`, and start the executor again";

const neededOptions = [
  "--perms",
  "--cap-drop",
  "--args",
  "--json-status-fd",
  "--seccomp",
  "--remount-ro",
  "--bind-fd",
  "--ro-bind-fd",
];

/**
 * Finds bubblewrap on the executor's own `PATH`, never on that of a program to be confined (05 SB-P9, SB-Q1), and tries what
 * it can do (05 SB-Q2, SB-Q3).
 * @throws SandboxRefusedError that says what is missing, and what to do
 */
export async function findBubblewrap(searchPath: string, workingDirectory = process.cwd()): Promise<Bubblewrap> {
  if (process.arch !== "x64" && process.arch !== "arm64") {
    throw unavailable(`there is no system call filter for ${process.arch}`);
  }
  if (isFirstWsl(readFileSync("/proc/version", "utf8"))) throw unavailable("WSL 1 has no namespaces; use WSL 2");
  const file = programOn(searchPath, "bwrap", workingDirectory);
  if (file === null) throw unavailable(`bubblewrap (bwrap) is not on the executor's PATH; ${bubblewrapRemedy}`);
  const [help, { text: version }] = await Promise.all([outputOf(file, ["--help"]), outputOf(file, ["--version"])]);
  const missing = neededOptions.filter((option) => !help.text.includes(option));
  if (missing.length > 0) {
    const name = /^bubblewrap \S+/.exec(version)?.[0] ?? "it";
    throw unavailable(`${file} is too old: ${name} does not know ${missing.join(", ")}; ${bubblewrapRemedy}`);
  }
  const abilities = await probe(file);
  const env = programOn("/usr/bin:/bin", "env", "/");
  const keepsSignals = env !== null && (await outputOf(env, ["--help"])).text.includes("--ignore-signal");
  return {
    file,
    version: version.trim(),
    ...abilities,
    isRoot: process.getuid?.() === 0,
    setsArg0: help.text.includes("--argv0"),
    env: keepsSignals ? env : null,
  };
}

/** What a failed probe says of the machine (05 SB-Q3); `null`: nothing that we know. */
export function probeFault(stderr: string): "noUserNamespaces" | "noNetworkNamespace" | "noProc" | null {
  if (/setting up uid map: Permission denied|No permissions to create a new namespace/.test(stderr)) {
    return "noUserNamespaces";
  }
  if (/loopback: Failed RTM_NEW(?:ADDR|LINK)/.test(stderr)) return "noNetworkNamespace";
  const isProc = stderr.includes("Can't mount proc") && stderr.includes("/newroot/proc");
  return isProc && /Invalid argument|Operation not permitted|Permission denied/.test(stderr) ? "noProc" : null;
}

/** Is this the first Windows Subsystem for Linux, by the text of `/proc/version`? (05 SB-Q5) */
export function isFirstWsl(version: string): boolean {
  const text = version.toLowerCase();
  const numbered = /wsl(\d+)/.exec(text)?.[1];
  if (numbered !== undefined) return numbered === "1";
  return text.includes("microsoft") && !text.includes("microsoft-standard");
}

async function probe(file: string): Promise<{ readonly mountsProc: boolean; readonly isolatesNetwork: boolean }> {
  const abilities = { mountsProc: true, isolatesNetwork: true };
  for (;;) {
    const frame = ["--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL"];
    const network = abilities.isolatesNetwork ? ["--unshare-net"] : [];
    const proc = abilities.mountsProc ? ["--proc", "/proc"] : [];
    const view = ["--new-session", "--ro-bind", "/", "/", "--dev", "/dev", ...proc];
    const { failed, text } = await outputOf(file, [...frame, ...network, ...view, "--", "/bin/true"]);
    if (!failed) return abilities;
    const fault = probeFault(text);
    if (fault === "noNetworkNamespace" && abilities.isolatesNetwork) abilities.isolatesNetwork = false;
    else if (fault === "noProc" && abilities.mountsProc) abilities.mountsProc = false;
    else if (fault === "noUserNamespaces") {
      throw unavailable(
        `this machine does not let bubblewrap make user namespaces (${text.trim()}); allow them for this user`,
      );
    } else throw unavailable(`bubblewrap does not work on this machine: ${text.trim()}`);
  }
}

/** What a program of the system prints, without any environment. */
function outputOf(file: string, args: readonly string[]): Promise<{ readonly failed: boolean; readonly text: string }> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ failed: error !== null, text: stdout + stderr || (error?.message ?? "") });
    execFile(file, args, { env: {}, cwd: "/", timeout: 10_000 }, done);
  });
}

/** The first that can be executed; nothing relative, and nothing below the working directory, where others may write. */
function programOn(searchPath: string, name: string, workingDirectory: string): string | null {
  for (const directory of searchPath.split(":")) {
    if (!directory.startsWith("/")) continue;
    try {
      const file = realpathSync(`${directory}/${name}`);
      if (workingDirectory !== "/" && isWithin(file, workingDirectory)) continue;
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // Not in this directory.
    }
  }
  return null;
}

function unavailable(reason: string): SandboxRefusedError {
  return new SandboxRefusedError(`sandbox intent cannot be enforced on this executor: ${reason}`);
}
