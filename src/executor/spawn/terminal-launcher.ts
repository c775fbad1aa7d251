import { accessSync, constants } from "node:fs";
import type { Writable } from "node:stream";
import type { ChildSpec } from "../../ports/process-host.ts";
import { type TrampolineOrder, trampolineSource } from "./exec-trampoline.ts";
import type { HostMeans, StartTerms, TerminalLauncher } from "./host-means.ts";
import { type LaunchedProcess, launchByLibc, launchByNode } from "./launch.ts";
import { type Terminal, terminalHelperPath } from "./pty-binding.ts";

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
 * Starts a program on a terminal, as the leader of the session that the terminal controls. The C library does it all; where
 * Node starts the program, a launcher finds it by name, as the lookup did, and cannot show it another `argv[0]`; then Node
 * itself is the launcher.
 */
export async function launchOnTerminal(
  { slave, path }: Terminal,
  { argv, arg0: ownArg0, cwd, env }: ChildSpec,
  file: string,
  { libc, shield, terminalLauncher }: HostMeans,
  { mark, inherited }: Pick<StartTerms, "mark" | "inherited">,
): Promise<LaunchedProcess> {
  const arg0 = ownArg0 ?? argv[0] ?? "";
  const args = [arg0, ...argv.slice(1)];
  if (libc !== null) {
    return launchByLibc(libc, { file, argv: args, cwd, env, inherited, descriptors: { terminal: path } }, shield, mark);
  }
  const findsIt = arg0 === file || (arg0 === argv[0] && env.PATH !== undefined);
  if (terminalLauncher !== null && findsIt) {
    const order = { file: terminalLauncher.file, argv: [...terminalLauncher.argv, ...argv], cwd, env, inherited };
    const { ownSession } = terminalLauncher;
    return launchByNode({ ...order, descriptors: [slave, slave, slave], ownSession }, shield);
  }
  const trampoline = ["node", "--no-warnings", "--eval", trampolineSource];
  const order = { file: process.execPath, argv: trampoline, cwd, env: {}, inherited: [] };
  const child = await launchByNode({ ...order, descriptors: [slave, slave, slave, "pipe"], ownSession: true }, shield);
  const pipe = child.sockets[3] as Writable; // what "pipe" above makes of it
  pipe.on("error", () => undefined); // it died before it read: its exit says so
  pipe.end(JSON.stringify({ file, argv: args, env, terminal: path } satisfies TrampolineOrder));
  return child;
}
