import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { type DirectoryEntry, FileError, type NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { entryPath } from "./native-path.ts";

/**
 * The names in a directory and what they lead to (04 section 10.6). The directory itself says what an entry is; only links
 * need a look at their target, so 20 000 files cost one listing and not 20 000 look-ups.
 */
export async function readDirectory(path: NativePath): Promise<readonly DirectoryEntry[]> {
  const found = await attempt("readDirectory", path, () => readdir(path, { withFileTypes: true, encoding: "buffer" }));
  if (!(await isSearchable(path))) return [];
  const entries: DirectoryEntry[] = [];
  for (const entry of found) {
    const kind = entry.isSymbolicLink() ? await targetKind(entryPath(path, entry.name)) : kindOf(entry);
    if (kind !== undefined) entries.push({ name: entry.name, ...kind });
  }
  return entries;
}

type Kind = Pick<DirectoryEntry, "isDirectory" | "isFile">;

function kindOf(entry: Pick<Dirent, "isDirectory" | "isFile">): Kind {
  return { isDirectory: entry.isDirectory(), isFile: entry.isFile() };
}

/** `undefined` for a link that leads nowhere, or nowhere that we may look: it is left out (04 F-31). */
function targetKind(path: Buffer): Promise<Kind | undefined> {
  return stat(path).then(kindOf, () => undefined);
}

/** Where names may be read but not searched, no entry can be examined (04 F-31). */
async function isSearchable(path: NativePath): Promise<boolean> {
  try {
    await attempt("readDirectory", path, () => stat(entryPath(path, Buffer.from("."))));
    return true;
  } catch (error) {
    if (error instanceof FileError && error.errno === "EACCES") return false;
    throw error;
  }
}
