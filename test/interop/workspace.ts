import { isUtf8 } from "node:buffer";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Relative path to contents, bytes where they are no text; an empty folder ends in `/` and has no contents. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** Makes a folder that holds these files. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, contents] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) await writeFile(path, contents);
  }
}

/** All that a folder holds, in the form that `writeFiles` takes. */
export async function readFiles(folder: string, prefix = ""): Promise<Files> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true });
  if (entries.length === 0 && prefix !== "") return { [prefix]: "" };
  const files: Record<string, string | Uint8Array> = {};
  for (const entry of entries) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) Object.assign(files, await readFiles(folder, `${name}/`));
    else files[name] = asText(await readFile(join(folder, name)));
  }
  return files;
}

function asText(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString() : bytes;
}
