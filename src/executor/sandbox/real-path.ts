import type { FileView, Kind } from "./file-view.ts";
import { childOf, parentOf } from "./path-text.ts";

/** The kernel's own limit. */
const mostLinks = 40;

/** Where a spelling leads. */
export interface RealPath {
  /** Without links; what does not exist keeps its spelling. */
  readonly path: string;
  readonly exists: boolean;
  /** The links on the way, each at its own real place. */
  readonly links: readonly string[];
  /** A link on the way leads nowhere. */
  readonly isDangling: boolean;
}

/** Follows every link of the longest part that exists (05 SB-L5). */
export function realPath(spelling: string, view: FileView): RealPath {
  const links: string[] = [];
  const pending = namesOf(spelling);
  let at = "/";
  let exists = true;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === "..") {
      at = parentOf(at);
      continue;
    }
    const next = childOf(at, name);
    const kind: Kind = exists ? view.kindOf(next) : "missing";
    if (kind !== "symlink") {
      exists = kind !== "missing";
      at = next;
      continue;
    }
    if (links.length >= mostLinks) return { path: next, exists: false, links, isDangling: true };
    links.push(next);
    const text = view.linkText(next);
    if (text.startsWith("/")) at = "/";
    pending.unshift(...namesOf(text));
  }
  return { path: at, exists, links, isDangling: !exists && links.length > 0 && leadsNowhere(links, view) };
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Does the last link point to nothing, rather than to a place in which something is missing? */
function leadsNowhere(links: readonly string[], view: FileView): boolean {
  const last = links.at(-1);
  if (last === undefined) return false;
  const text = view.linkText(last);
  const target = text.startsWith("/") ? text : `${parentOf(last)}/${text}`;
  return !realPath(target, view).exists;
}
