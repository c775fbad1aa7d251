import type { Access, BoundEntry } from "../../ports/confinement.ts";
import { depthOf, isWithin } from "./path-text.ts";

const strength: Readonly<Record<Access, number>> = { read: 0, write: 1, deny: 2 };

/** Of two statements about one place: deny beats write, write beats read (05 SB-A2). */
export function stronger(a: Access, b: Access): Access {
  return strength[a] >= strength[b] ? a : b;
}

/**
 * The access to a path: that of the deepest entry on the way to it; none: deny (05 SB-A2). The model that every mount is
 * measured against; it knows neither links, nor globs, nor protected names.
 */
export function accessTo(path: string, entries: Iterable<BoundEntry>): Access {
  let depth = 0;
  let access: Access = "deny";
  for (const entry of entries) {
    if (!isWithin(path, entry.path)) continue;
    const entryDepth = depthOf(entry.path);
    if (entryDepth > depth) access = entry.access;
    else if (entryDepth === depth) access = stronger(access, entry.access);
    depth = Math.max(depth, entryDepth);
  }
  return access;
}
