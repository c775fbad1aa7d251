import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, copyFile, link, mkdtemp, open, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { codexBinary, codexHome } from "../../../scripts/codex.ts";
import { descendants, killNow } from "./process-tree.ts";

/** The servers that the conformance tests run against: ours, and the real Codex exec-server. */
export type ServerKind = "proctor" | "reference";

/** How a server is to be started. */
export interface ServerOptions {
  /** Default `ws`. */
  readonly transport?: "ws" | "stdio";
  /** Added to its environment, which is otherwise only `PATH`, `HOME` and (reference) `CODEX_HOME`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs it as this user and group, without supplementary groups; needs root. */
  readonly uid?: number;
  /** Can the reference, as that user, start its own file again, as it does to confine a program? Default false. */
  readonly restartable?: boolean;
}

/** A server under test, in a process group of its own. Disposing kills it and everything below it. */
export interface RunningServer extends AsyncDisposable {
  readonly kind: ServerKind;
  /** Its websocket URL; empty on stdio. */
  readonly url: string;
  readonly child: ChildProcessWithoutNullStreams;
  /** Its `HOME`, a fresh folder. */
  readonly home: string;
  /** Everything it has written to stdout, on the websocket transport. */
  readonly output: () => string;
  /** Everything it has written to stderr. */
  readonly diagnostics: () => string;
  /** How it ended. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Our command from its sources, or another build of it (`dist/cli/main.js`) where `PROCTOR_MAIN` names one. */
const proctorMain = process.env.PROCTOR_MAIN ?? join(import.meta.dirname, "../../../src/cli/main.ts");

/** Starts a server and resolves once it listens (websocket) or runs (stdio). */
export async function startServer(kind: ServerKind, options: ServerOptions = {}): Promise<RunningServer> {
  const { transport = "ws", uid, restartable = false } = options;
  const listen = ["--listen", transport === "ws" ? "ws://127.0.0.1:0" : "stdio"];
  const program = kind === "reference" ? await codexBinary() : process.execPath;
  const args = kind === "reference" ? ["exec-server", ...listen] : [proctorMain, "serve", ...listen];
  const home = await freshHome(uid);
  const env = {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: home,
    ...(kind === "reference" && { CODEX_HOME: home }),
    ...options.env,
  };
  const file = kind === "reference" && restartable && uid !== undefined ? await nearTo(home, program) : program;
  const child = await spawnAs(uid, file, args, env);
  const exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
  let diagnostics = "";
  child.stderr.on("data", (chunk: Buffer) => {
    diagnostics += chunk;
  });
  // A server that ends early makes writes to its stdin fail; the test sees that by its exit.
  child.stdin.on("error", () => {});

  const stop = async () => {
    const pid = child.pid;
    if (pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const below = descendants(pid);
      killNow(-pid);
      for (const other of below) killNow(other);
      await exited;
    }
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    await rm(home, { recursive: true, force: true });
  };

  let output = "";
  try {
    if (transport === "ws") {
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk;
      });
      await firstLine(
        child,
        () => output,
        () => diagnostics,
      );
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    kind,
    url: output.split("\n", 1)[0] ?? "",
    child,
    home,
    output: () => output,
    diagnostics: () => diagnostics,
    exited,
    [Symbol.asyncDispose]: stop,
  };
}

/** The user's home is closed to other users, so theirs lies where everybody may, and where the reference confines programs. */
async function freshHome(uid: number | undefined): Promise<string> {
  if (uid === undefined) return codexHome();
  const home = await mkdtemp("/var/tmp/proctor-home-");
  await chown(home, uid, uid);
  return home;
}

/** A second name for a program, in a folder that its user can enter. */
async function nearTo(home: string, program: string): Promise<string> {
  const file = join(home, basename(program));
  await link(program, file).catch(() => copyFile(program, file)); // on another file system
  return file;
}

async function spawnAs(
  uid: number | undefined,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ChildProcessWithoutNullStreams> {
  // The recordings were made with this umask; a child inherits ours.
  process.umask(0o022);
  if (uid === undefined) return spawn(program, args, { env, detached: true, stdio: "pipe" });
  // The program may lie where the other user cannot go (a home); an open descriptor of it can be executed all the same.
  await using file = await open(program);
  const asUser = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "/proc/self/fd/3", ...args];
  const child = spawn("setpriv", asUser, { env, cwd: "/", detached: true, stdio: ["pipe", "pipe", "pipe", file.fd] });
  return child as ChildProcessWithoutNullStreams; // the overloads know only three descriptors
}

/** Waits for the start-up line (01 W-2). */
async function firstLine(
  child: ChildProcessWithoutNullStreams,
  output: () => string,
  diagnostics: () => string,
): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  const ended = once(child, "exit", { signal }).then(([code, name]) => {
    throw new Error(`the server ended with ${code ?? name} before it listened: ${diagnostics()}`);
  });
  const failed = once(child, "error", { signal }).then(([error]) => {
    throw new Error("the server could not be started", { cause: error });
  });
  const listening = (async () => {
    while (!output().includes("\n")) await once(child.stdout, "data", { signal });
  })();
  // The two losers of the race reject later, when the timer ends or the server does; that is no longer news.
  ended.catch(() => {});
  failed.catch(() => {});
  await Promise.race([listening, ended, failed]);
  if (!/^ws:\/\/\S+:\d+\n/.test(output())) throw new Error(`not a start-up line: ${JSON.stringify(output())}`);
}
