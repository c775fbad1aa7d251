import { accessSync, closeSync, constants } from "node:fs";
import { userInfo } from "node:os";
import type { Writable } from "node:stream";
import { ReadStream } from "node:tty";
import type { Clock } from "../../ports/clock.ts";
import { type Child, type ChildListener, type ChildSpec, SpawnError } from "../../ports/process-host.ts";
import { ChildOutput } from "./child-output.ts";
import type { DescriptorShield } from "./descriptor-shield.ts";
import { type TrampolineOrder, trampolineSource } from "./exec-trampoline.ts";
import { type LaunchedProcess, launch } from "./launch.ts";
import { PosixChild } from "./posix-child.ts";
import { openTerminal, resizeTerminal, type Terminal, terminalHelperPath } from "./pty-binding.ts";
import { TerminalInput } from "./terminal-input.ts";

/** The size of every terminal at first (02 P-20). */
const rows = 24;
const columns = 80;

/** A program of the system that makes its stdin the controlling terminal and becomes its arguments. */
export interface TerminalLauncher {
  readonly file: string;
  /** Its own arguments, `argv[0]` first, before those of the program. */
  readonly argv: readonly string[];
  /** Must it be given a session of its own, or does it make one? */
  readonly ownSession: boolean;
}

/** `setsid` of util-linux or BusyBox, or the helper of node-pty on macOS; `null` if this host has neither. */
export function findTerminalLauncher(): TerminalLauncher | null {
  if (process.platform === "darwin") {
    return { file: terminalHelperPath(), argv: ["spawn-helper", ""], ownSession: true };
  }
  const file = ["/usr/bin/setsid", "/bin/setsid"].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  return file === undefined ? null : { file, argv: ["setsid", "-c", "--"], ownSession: false };
}

/**
 * Starts a child on a terminal of its own (02 P-20), which carries its stdin, stdout and stderr.
 *
 * Its end of the terminal stays open here too until it has exited. Otherwise a child that closes its descriptors before it
 * exits, as `cat` does, would end the terminal for us; we would close it, and that hangup would kill the child.
 */
export async function startPtyChild(
  spec: ChildSpec,
  file: string,
  listener: ChildListener,
  shield: DescriptorShield,
  launcher: TerminalLauncher | null,
  clock: Clock,
): Promise<Child> {
  const terminal = open();
  shield.hide(terminal.master);
  shield.hide(terminal.slave);
  const close = (fd: number) => {
    closeSync(fd);
    shield.forget(fd);
  };
  let child: LaunchedProcess;
  try {
    child = await launchOn(terminal, withShell(spec), file, shield, launcher);
  } catch (error) {
    close(terminal.master);
    close(terminal.slave);
    throw error;
  }
  const input = new TerminalInput(terminal.master, clock, () => listener.stdinClosed());
  const socket = new ReadStream(terminal.master);
  const output = new ChildOutput("pty", socket, terminal.master, listener);
  let isOpen = true;
  const resize = (rows: number, columns: number) => {
    if (isOpen) resizeTerminal(terminal.master, rows, columns);
  };
  const letGo = once(() => close(terminal.slave));
  socket.once("close", () => {
    isOpen = false;
    shield.forget(terminal.master);
    input.close();
    letGo();
  });
  const posixChild = new PosixChild({ ...child, outputs: [output], input, onTerminal: true, resize }, listener);
  child.process.once("exit", letGo); // after the child has been reported as exited, with all that it had written
  return posixChild;
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

function open(): Terminal {
  try {
    return openTerminal(rows, columns);
  } catch (error) {
    throw new SpawnError("no terminal could be opened", { cause: error });
  }
}

/** The launcher runs what it finds by name, as the lookup did; it cannot show the program another `argv[0]`. */
async function launchOn(
  terminal: Terminal,
  spec: ChildSpec,
  file: string,
  shield: DescriptorShield,
  launcher: TerminalLauncher | null,
): Promise<LaunchedProcess> {
  const { argv, cwd, env } = spec;
  const arg0 = spec.arg0 ?? argv[0] ?? "";
  const findsIt = arg0 === file || (arg0 === argv[0] && env.PATH !== undefined);
  const { slave } = terminal;
  if (launcher !== null && findsIt) {
    return launch({
      file: launcher.file,
      argv: [...launcher.argv, ...argv],
      cwd,
      env,
      descriptors: shield.cover([slave, slave, slave]),
      ownSession: launcher.ownSession,
    });
  }
  const child = await launch({
    file: process.execPath,
    argv: ["node", "--no-warnings", "--eval", trampolineSource],
    cwd,
    env: {},
    descriptors: shield.cover([slave, slave, slave, "pipe"]),
    ownSession: true,
  });
  const order: TrampolineOrder = { file, argv: [arg0, ...argv.slice(1)], env, terminal: terminal.path };
  const pipe = child.process.stdio[3] as Writable; // what "pipe" above makes of it
  pipe.on("error", () => undefined); // it died before it read: its exit says so
  pipe.end(JSON.stringify(order));
  return child;
}

/** A terminal's environment names the user's login shell unless it names one already (02 P-20). */
function withShell(spec: ChildSpec): ChildSpec {
  return spec.env.SHELL === undefined ? { ...spec, env: { ...spec.env, SHELL: loginShell() } } : spec;
}

function loginShell(): string {
  try {
    return userInfo().shell ?? "/bin/sh";
  } catch {
    return "/bin/sh"; // a user without an entry in the user database, as containers have
  }
}
