import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutant } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm run simulate` said. */
export interface SimulateResult {
  readonly hasFailed: boolean;
  readonly text: string;
}

/** A copy of the sources in which rules can be broken. */
export class MutatedCopy implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<MutatedCopy> {
    const folder = await mkdtemp(join(tmpdir(), "proctor-mutants-"));
    for (const part of ["test", "scripts"]) await cp(join(root, part), join(folder, part), { recursive: true });
    await cp(join(root, "package.json"), join(folder, "package.json"));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    return new MutatedCopy(folder);
  }

  /** Breaks one rule, and mends the one that was broken before. */
  async break({ name, file, from, to }: Mutant): Promise<void> {
    await this.mend();
    const path = join(this.#folder, "src", file);
    const source = await readFile(path, "utf8");
    if (source.split(from).length !== 2) throw new Error(`the place of "${name}" in ${file} is not there once`);
    await writeFile(
      path,
      source.replace(from, () => to),
    );
  }

  /** Takes the sources as they are. */
  async mend(): Promise<void> {
    await rm(join(this.#folder, "src"), { recursive: true, force: true });
    await cp(join(root, "src"), join(this.#folder, "src"), { recursive: true });
  }

  /** `npm run simulate` with the copy. */
  simulate(...args: readonly string[]): Promise<SimulateResult> {
    const { promise, resolve, reject } = Promise.withResolvers<SimulateResult>();
    const options = { cwd: this.#folder, maxBuffer: 1 << 28 };
    execFile(process.execPath, ["scripts/simulate.ts", ...args], options, (error, stdout, stderr) => {
      if (error === null || error.code === 1) resolve({ hasFailed: error !== null, text: stdout + stderr });
      else reject(error);
    });
    return promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
