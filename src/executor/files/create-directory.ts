import { mkdir, stat } from "node:fs/promises";
import { FileError, type FileOperation, type NativePath } from "../../ports/file-host.ts";
import { attempt, isMissing } from "./attempt.ts";
import { splitPath } from "./native-path.ts";

/**
 * Makes one directory, with `recursive` the missing parents too (04 F-22). Node's own recursive mode answers other errors
 * than the table asks for where a component is a file or a broken link, hence one `mkdir` at a time here.
 */
export async function createDirectory(
  path: NativePath,
  options: { readonly recursive: boolean },
  op: FileOperation = "createDirectory",
): Promise<void> {
  if (!options.recursive) return makeOne(path, op);
  const missing: NativePath[] = [];
  for (let next: NativePath = path; ; ) {
    try {
      await makeUnlessPresent(next, op);
      break;
    } catch (error) {
      const parent = splitPath(next)?.parent;
      if (!isMissing(error) || parent === undefined) throw error;
      missing.push(next);
      next = parent;
    }
  }
  for (const next of missing.reverse()) await makeUnlessPresent(next, op);
}

async function makeOne(path: NativePath, op: FileOperation): Promise<void> {
  await attempt(op, path, () => mkdir(path));
}

/** Whatever the system says against making it: a directory that is there already is what was asked for. */
async function makeUnlessPresent(path: NativePath, op: FileOperation): Promise<void> {
  try {
    await makeOne(path, op);
  } catch (error) {
    if (isMissing(error) || !(error instanceof FileError) || !(await isDirectory(path))) throw error;
  }
}

/** A failure to look counts as no: the caller then reports why the directory could not be made, which says more. */
function isDirectory(path: NativePath): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
