import { closeSync } from "node:fs";
import { userInfo } from "node:os";
import { ReadStream } from "node:tty";
import { type Child, type ChildListener, type ChildSpec, SpawnError } from "../../ports/process-host.ts";
import { ChildOutput, intoReadBuffer } from "./child-output.ts";
import { fullReadBytes, GatheredChunks } from "./gathered-chunks.ts";
import type { HostMeans, StartTerms } from "./host-means.ts";
import type { LaunchedProcess } from "./launch.ts";
import { PosixChild } from "./posix-child.ts";
import { openTerminal, resizeTerminal, type Terminal } from "./pty-binding.ts";
import { TerminalInput } from "./terminal-input.ts";
import { launchOnTerminal } from "./terminal-launcher.ts";

/** The size of every terminal at first (02 P-20). */
const rows = 24;
const columns = 80;

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
  means: HostMeans,
  { mark, killEscaped, inherited }: StartTerms,
): Promise<Child> {
  const { libc, shield, clock } = means;
  const terminal = open();
  for (const fd of [terminal.master, terminal.slave]) {
    // Children of others, the program's own among them, know nothing of the shield.
    libc?.closeOnExec(fd);
    shield.hide(fd);
  }
  const close = (fd: number) => {
    closeSync(fd);
    shield.forget(fd);
  };
  let child: LaunchedProcess;
  try {
    child = await launchOnTerminal(terminal, spec, file, means, { mark, inherited });
  } catch (error) {
    close(terminal.master);
    close(terminal.slave);
    throw error;
  }
  const input = new TerminalInput(terminal.master, clock, () => listener.stdinClosed());
  const chunks = new GatheredChunks("pty", listener, clock);
  const socket = new ReadStream(terminal.master, { onread: intoReadBuffer(chunks, fullReadBytes) });
  const output = new ChildOutput(socket, terminal.master, chunks, () => listener.ended("pty"));
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
  const parts = { process: child, outputs: [output], input, onTerminal: true, resize, killEscaped };
  const posixChild = new PosixChild(parts, listener);
  child.onEnd(letGo); // after the child has been reported as exited, with all that it had written
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

/** A terminal's environment names the user's login shell unless it names one already (02 P-20). */
export function withShell(spec: ChildSpec): ChildSpec {
  return spec.env.SHELL === undefined ? { ...spec, env: { ...spec.env, SHELL: loginShell() } } : spec;
}

function loginShell(): string {
  try {
    return userInfo().shell ?? "/bin/sh";
  } catch {
    return "/bin/sh"; // a user without an entry in the user database, as containers have
  }
}
