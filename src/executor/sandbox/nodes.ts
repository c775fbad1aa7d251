import type { Access, FileConfinement } from "../../ports/confinement.ts";
import { SandboxRefusedError } from "../../ports/process-host.ts";
import { stronger } from "./access.ts";
import { denyMatches } from "./deny-glob.ts";
import type { FileView } from "./file-view.ts";
import { protectedMetadata } from "./metadata.ts";
import { isBelow } from "./path-text.ts";
import { platformDirectories, platformLinks } from "./platform-defaults.ts";
import { type RealPath, realPath } from "./real-path.ts";

/** The places that a sandbox is made of, by their real paths (05 SB-L5, SB-L6). */
export interface SandboxNodes {
  readonly access: ReadonlyMap<string, Access>;
  /** Links by which places can be called besides, where nothing else of their directory is to be seen. */
  readonly links: ReadonlySet<string>;
  /** Must not come to be, and is not masked (05 SB-M5). */
  readonly watched: readonly string[];
}

interface Spelled extends RealPath {
  readonly spelling: string;
  readonly access: Access;
}

/** @throws SandboxRefusedError where a link could be used to get around an entry (05 SB-L9) */
export function sandboxNodes(files: FileConfinement, view: FileView): SandboxNodes {
  const entries: Spelled[] = files.entries
    .map(({ path, ...entry }) => ({ ...realPath(path, view), ...entry, spelling: path }))
    .filter(({ path, onlyDirectory }) => onlyDirectory !== true || view.kindOf(path) === "directory");
  const kept = entries.filter((entry) => {
    if (!entry.isDangling) return true;
    if (entry.access === "write") return false;
    throw refusal(entry, `it leads through a link to nowhere, ${entry.links.at(-1)}`);
  });
  const access = new Map<string, Access>();
  const add = (path: string, wanted: Access) => access.set(path, stronger(wanted, access.get(path) ?? wanted));
  for (const entry of kept) {
    refuseWritableLink(entry, kept);
    add(entry.path, entry.access);
  }
  for (const glob of files.denyGlobs) {
    for (const match of denyMatches(glob, files.globScanMaxDepth, view)) add(realPath(match, view).path, "deny");
  }
  if (files.platformDefaults) {
    for (const path of platformDirectories(view)) if (!access.has(path)) access.set(path, "read");
  }

  const granted = new Set([...access].filter(([, wanted]) => wanted === "write").map(([path]) => path));
  const watched: string[] = [];
  for (const root of granted) {
    const kind = view.kindOf(root);
    if (kind === "missing") access.delete(root);
    if (kind !== "directory") continue;
    const metadata = protectedMetadata(root, granted, view);
    if (metadata.link !== null) {
      throw new SandboxRefusedError(
        `cannot enforce sandbox read-only path ${metadata.link} because it crosses writable symlink ${metadata.link}`,
      );
    }
    for (const path of metadata.readOnly) if (!access.has(path)) access.set(path, "read");
    watched.push(...metadata.watched);
  }
  const links = new Set(kept.filter(({ access }) => access !== "deny").flatMap((entry) => entry.links));
  if (files.platformDefaults) for (const link of platformLinks(view)) links.add(link);
  return { access, links, watched };
}

/** A link that the program may replace would decide what an entry means, now or for the next program (05 SB-L9). */
function refuseWritableLink(entry: Spelled, entries: readonly Spelled[]): void {
  for (const link of entry.links) {
    const writable = entries.some(
      (other) => other !== entry && other.access === "write" && other.path !== entry.path && isBelow(link, other.path),
    );
    if (writable) throw refusal(entry, `it crosses writable symlink ${link}`);
  }
}

const kinds: Readonly<Record<Access, string>> = { read: "read-only", write: "writable", deny: "deny-read" };

function refusal({ access, spelling }: Spelled, reason: string): SandboxRefusedError {
  return new SandboxRefusedError(`cannot enforce sandbox ${kinds[access]} path ${spelling} because ${reason}`);
}
