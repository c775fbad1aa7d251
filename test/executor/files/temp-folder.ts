import { execFile } from "node:child_process";
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A fresh folder that vanishes with its scope. */
export interface TempFolder extends AsyncDisposable {
  /** Native path, without links. */
  readonly path: string;
  /** Native path of something in it. */
  at(...names: string[]): string;
  /** Runs shell text in it, umask 022; resolves with what it printed. */
  sh(script: string): Promise<string>;
}

export async function tempFolder(): Promise<TempFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "proctor-files-")));
  return {
    path,
    at: (...names) => join(path, ...names),
    sh: async (script) => (await run("/bin/sh", ["-ec", `umask 022; ${script}`], { cwd: path })).stdout,
    async [Symbol.asyncDispose]() {
      await run("rm", ["-rf", path]); // Node's own gives up on trees that are deeper than a path is long
    },
  };
}
