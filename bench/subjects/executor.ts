import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { codexHome, installCodex } from "../../scripts/codex.ts";
import { descendants, killNow } from "../../test/conformance/peer/process-tree.ts";
import { WireSession } from "../wire/wire-session.ts";
import { endWithUs } from "./left-behind.ts";
import { cpuSeconds, residentBytes } from "./process-cost.ts";

/** What speaks the protocol: ours, the reference, and the canned executor, which shows the limit of the client. */
export type ExecutorName = "proctor" | "codex" | "canned";

/** A running executor. Disposing kills it and all that it started. */
export interface ExecutorSubject extends AsyncDisposable {
  readonly name: ExecutorName;
  readonly url: string;
  readonly pid: number;
  /** From the start of the program to its first line. */
  readonly startUpMs: number;
  /** A new session. Dropped when the executor is disposed of. */
  open(resumeSessionId?: string): Promise<WireSession>;
  cpuSeconds(): number;
  residentBytes(): number;
}

const root = join(import.meta.dirname, "../..");

/** What a user runs: the command as it is installed, a program of its own. `PROCTOR_MAIN` names another build of it, or its source. */
const proctorMain = () => process.env.PROCTOR_MAIN ?? join(root, "dist/cli/main.js");

/** The program and its arguments. */
async function commandOf(name: ExecutorName): Promise<readonly [program: string, ...args: string[]]> {
  const serve = ["serve", "--listen", "ws://127.0.0.1:0"];
  if (name === "codex") return [await installCodex(), "exec-server", ...serve.slice(1)];
  if (name === "canned") return [process.execPath, join(import.meta.dirname, "canned-main.ts")];
  const main = proctorMain();
  return main.endsWith(".ts") ? [process.execPath, main, ...serve] : [main, ...serve];
}

/** The command finds the Node that runs us. */
function environmentOf(name: ExecutorName, home: string, profiles: string | undefined): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), process.env.PATH ?? "/usr/bin:/bin"].join(delimiter);
  const isProfiled = name === "proctor" && profiles !== undefined;
  return {
    PATH: path,
    HOME: home,
    CODEX_HOME: home,
    ...(isProfiled && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${JSON.stringify(profiles)}` }),
  };
}

/** Starts an executor and resolves once it listens. Ours leaves a processor profile in `profiles`, if that is given. */
export async function startExecutor(name: ExecutorName, profiles?: string): Promise<ExecutorSubject> {
  const home = await codexHome();
  const [program, ...args] = await commandOf(name);
  const env = environmentOf(name, home, profiles);
  const begun = performance.now();
  const child = spawn(program, args, { env, cwd: home, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  const ended = endWithUs(pid);
  const url = await firstLine(child);
  const startUpMs = performance.now() - begun;
  const sessions: WireSession[] = [];
  return {
    name,
    url,
    pid,
    startUpMs,
    open: async (resumeSessionId) => {
      const session = await WireSession.open(url, resumeSessionId);
      sessions.push(session);
      return session;
    },
    cpuSeconds: () => cpuSeconds(pid),
    residentBytes: () => residentBytes(pid),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(sessions.map(({ connection }) => connection.drop()));
      await stop(child, pid);
      ended();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function firstLine(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let output = "";
  let diagnostics = "";
  child.stderr.on("data", (chunk: Buffer) => {
    diagnostics += chunk;
  });
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
      if (output.includes("\n")) resolve(output.slice(0, output.indexOf("\n")));
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => reject(new Error(`it ended with ${code ?? signal}: ${diagnostics}`)));
  });
  return line;
}

/** Asks first; whoever ends leaves nobody behind, but for those that the reference leaves. */
async function stop(child: ChildProcessByStdio<null, Readable, Readable>, pid: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const below = descendants(pid);
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(patience);
  for (const other of below) killNow(other);
}
