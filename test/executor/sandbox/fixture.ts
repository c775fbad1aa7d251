import { chown, lchown, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import vectors from "./sandbox-vectors.json" with { type: "json" };

interface FixtureEntry {
  readonly dir?: string;
  readonly file?: string;
  readonly content?: string;
  readonly symlink?: string;
  readonly target?: string;
}

/** A directory with the files that the recorded cases speak of; not below `/tmp`
 * or a home, of which several of them speak. */
export interface SandboxFixture extends AsyncDisposable {
  readonly root: string;
  /** Text of a case with this fixture's places in it. */
  fill(text: string): string;
}

/** Makes the fixture anew. @param uid whose it is; default: ours */
export async function sandboxFixture(uid?: number): Promise<SandboxFixture> {
  const root = await realpath(await mkdtemp("/var/tmp/proctor-sandbox-"));
  const fill = (text: string) => text.replaceAll("$" + "{ROOT}", root);
  for (const entry of vectors.fixture as readonly FixtureEntry[]) {
    const path = join(root, entry.dir ?? entry.file ?? entry.symlink ?? "");
    await mkdir(entry.dir === undefined ? dirname(path) : path, { recursive: true });
    if (entry.file !== undefined) await writeFile(path, fill(entry.content ?? ""));
    if (entry.symlink !== undefined) await symlink(fill(entry.target ?? ""), path);
  }
  if (uid !== undefined) await giveTo(uid, root);
  return { root, fill, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

async function giveTo(uid: number, root: string): Promise<void> {
  await chown(root, uid, uid);
  for (const name of await readdir(root, { recursive: true })) await lchown(join(root, name), uid, uid);
}
