import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { codexBinary } from "../../scripts/codex.ts";
import type { ServerKind } from "./peer/server.ts";

/** Recordings that show what only root sees or makes: ownership, immutable files, another user's server. */
const needRoot: ReadonlySet<string> = new Set([
  "fs-copy",
  "fs-getmetadata",
  "fs-permission-denied",
  "fs-readfile",
  "fs-remove",
  "fs-walk-errors",
  "fs-writefile",
  "p04-spawn-failures-pty",
]);

/** Recordings that start processes or file helpers inside a sandbox. */
const needSandbox: ReadonlySet<string> = new Set(["fs-sandboxed", "p28-sandbox-denied"]);

/** Why a recording cannot be replayed on this machine; undefined where it can. */
export async function missingHere(name: string, kind: ServerKind): Promise<string | undefined> {
  if (needRoot.has(name) && process.getuid?.() !== 0) return "needs root";
  if (needSandbox.has(name) && kind === "reference" && !(await hasSandbox()))
    return "needs user namespaces for bubblewrap";
  return undefined;
}

/** Whether the sandbox program that Codex brings along works here. */
async function hasSandbox(): Promise<boolean> {
  const bubblewrap = join(dirname(await codexBinary()), "../codex-resources/bwrap");
  const args = ["--unshare-user", "--ro-bind", "/", "/", "--proc", "/proc", "true"];
  return promisify(execFile)(bubblewrap, args).then(
    () => true,
    () => false,
  );
}
