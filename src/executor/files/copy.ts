import { lstat } from "node:fs/promises";
import { FileRefusedError, type NativePath } from "../../ports/file-host.ts";
import { attempt } from "./attempt.ts";
import { copyFile } from "./copy-file.ts";
import { copyLink } from "./copy-link.ts";
import { copyTree } from "./copy-tree.ts";
import { placeOf } from "./place.ts";

/** Copies by what the source itself is, links not followed (04 section 10.8). */
export async function copy(
  source: NativePath,
  destination: NativePath,
  options: { readonly recursive: boolean },
): Promise<void> {
  const entry = await attempt("copy", source, () => lstat(source));
  if (entry.isSymbolicLink()) return copyLink(placeOf(source), placeOf(destination));
  if (entry.isFile()) return copyFile(placeOf(source), placeOf(destination), { followDestination: true });
  if (!entry.isDirectory()) throw refuse("fs/copy only supports regular files, directories, and symlinks", source);
  if (!options.recursive) throw refuse("fs/copy requires recursive: true when sourcePath is a directory", source);
  return copyTree(source, destination);
}

function refuse(message: string, source: NativePath): FileRefusedError {
  return new FileRefusedError(message, "copy", source);
}
