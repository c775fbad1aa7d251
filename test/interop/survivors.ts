import { readdir, readlink } from "node:fs/promises";

/** The processes of this host that have their working directory in a folder. Linux only, as the reference's builds are here. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const directories = await Promise.all(names.map((name) => workingDirectory(name)));
  return names.filter((_, index) => directories[index]?.startsWith(folder)).map(Number);
}

/** `undefined` for a process that ended meanwhile, or that is another user's. */
async function workingDirectory(pid: string): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}
