import type { FileView } from "./file-view.ts";
import { childOf, parentOf } from "./path-text.ts";
import { realPath } from "./real-path.ts";

/** What describes a workspace, and what a program in it must not change: its history and its instructions (05 SB-M1). */
export const protectedNames = [".git", ".agents", ".codex"] as const;

/** What becomes of the metadata of one writable root. */
export interface ProtectedMetadata {
  /** To be read-only, there or not. */
  readonly readOnly: readonly string[];
  /** Missing, and to stay so without a mask, which would hide a repository above (05 SB-M5). */
  readonly watched: readonly string[];
  /** A protected name that is a link (05 SB-M6). */
  readonly link: string | null;
}

/**
 * Protects the metadata directly below a writable directory (05 SB-M1, SB-M4 to SB-M7).
 * @param granted real paths that are writable by an entry of their own, there or not (05 SB-M2)
 */
export function protectedMetadata(root: string, granted: ReadonlySet<string>, view: FileView): ProtectedMetadata {
  const readOnly: string[] = [];
  const watched: string[] = [];
  for (const name of protectedNames) {
    const path = childOf(root, name);
    if (granted.has(path)) continue;
    const kind = view.kindOf(path);
    if (kind === "symlink") return { readOnly: [], watched: [], link: path };
    if (kind === "missing") {
      // Where we could not make it, neither can the program.
      if (!view.canCreateIn(root)) continue;
      if (name === ".git" && isInRepository(root, view)) watched.push(path);
      else readOnly.push(path);
      continue;
    }
    readOnly.push(path);
    const store = name === ".git" && kind === "file" ? gitDirectoryOf(path, view) : null;
    if (store !== null) readOnly.push(store);
  }
  return { readOnly, watched, link: null };
}

/** Where a `.git` file says that the repository is; `null`: nowhere that exists (05 SB-M4). */
function gitDirectoryOf(file: string, view: FileView): string | null {
  const [line = ""] = view.headOf(file).split("\n", 1);
  const colon = line.indexOf(":");
  if (colon < 0 || line.slice(0, colon).trim() !== "gitdir") return null;
  const target = line.slice(colon + 1).trim();
  if (target === "") return null;
  const { path, exists } = realPath(target.startsWith("/") ? target : childOf(parentOf(file), target), view);
  return exists ? path : null;
}

function isInRepository(directory: string, view: FileView): boolean {
  for (let at = directory; at !== "/"; ) {
    at = parentOf(at);
    const git = childOf(at, ".git");
    const kind = view.kindOf(git);
    if (kind === "directory" && view.kindOf(childOf(git, "HEAD")) !== "missing") return true;
    if (kind === "file" && view.headOf(git).startsWith("gitdir:")) return true;
  }
  return false;
}
