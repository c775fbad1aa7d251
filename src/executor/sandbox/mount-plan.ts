import type { Access, FileConfinement } from "../../ports/confinement.ts";
import { accessTo } from "./access.ts";
import type { FileView } from "./file-view.ts";
import { protectedNames } from "./metadata.ts";
import { type SandboxNodes, sandboxNodes } from "./nodes.ts";
import { between, childOf, depthOf, isBelow, isWithin, nameOf, parentOf } from "./path-text.ts";

/**
 * One word of an argument list: text, or the number of a descriptor that is opened for this very start: a place, which has no link
 * in it, or something that reads as empty.
 */
export type PlanArgument =
  | { readonly text: string }
  | { readonly opened: string; readonly isDirectory: boolean }
  | { readonly emptyFile: true };

/** Something that is made on the host to hold a mask, and goes with the last program that needs it (05 SB-L13). */
export interface HostMask {
  readonly path: string;
  readonly kind: "directory" | "file";
}

/** How a view of the files is put together. */
export interface MountPlan {
  /** Arguments of bubblewrap that build the view. */
  readonly words: readonly PlanArgument[];
  readonly masks: readonly HostMask[];
  /** Must not come to be while the program runs, and is not masked (05 SB-M5). */
  readonly watched: readonly string[];
  /** What the program may do with a place, given by its real path. */
  accessTo(path: string): Access;
}

/** What the host makes of a plan. */
export interface PlanHost {
  /** Is this program uid 0? Then the kernel's settings need a cover of their own (05 SB-U2). */
  readonly isRoot: boolean;
  /** Can a fresh `/proc` be mounted? If not, there is none: never the host's (05 SB-Q4). */
  readonly mountsProc: boolean;
}

/** What is different about a view that is made for a program of our own. */
export interface PlanChange {
  /** Is nothing writable in the end? */
  readonly isReadOnly: boolean;
  nodes(nodes: SandboxNodes, view: FileView): SandboxNodes;
  /** Arguments behind all others. */
  readonly words: readonly PlanArgument[];
}

/**
 * The view of the files that a program gets: every mount comes after all shallower ones, so that the deepest entry wins
 * everywhere (05 section 8.2).
 * @throws SandboxRefusedError for what cannot be enforced
 */
export function planMounts(files: FileConfinement, view: FileView, host: PlanHost, change?: PlanChange): MountPlan {
  const asked = sandboxNodes(files, view);
  const nodes = change === undefined ? asked : change.nodes(asked, view);
  const mounts = new NodeMounts(nodes, view);
  const { access } = nodes;
  const base = access.get("/");
  const isBare = base !== "read" && base !== "write";
  const words: PlanArgument[] = [
    ...(isBare ? text("--tmpfs", "/") : text(base === "write" ? "--bind" : "--ro-bind", "/", "/")),
    ...text("--dev", "/dev"),
    ...pins(mounts, access, isBare, view),
    ...mounts.words,
    ...(isBare ? links(nodes, view) : []),
    ...(host.mountsProc ? text("--proc", "/proc") : text("--tmpfs", "/proc", "--remount-ro", "/proc")),
    ...(host.mountsProc && host.isRoot ? text("--ro-bind", "/proc/sys", "/proc/sys") : []),
    ...mounts.sealed.flatMap((path) => text("--remount-ro", path)),
    ...(isBare ? text("--remount-ro", "/") : []),
    ...(change?.words ?? []),
  ];
  const entries = [...access].map(([path, wanted]) => ({ path, access: wanted }));
  return { words, masks: mounts.masks, watched: nodes.watched, accessTo: (path) => accessTo(path, entries) };
}

/** Words that are known when the plan is made. */
export function text(...words: readonly string[]): PlanArgument[] {
  return words.map((word) => ({ text: word }));
}

/**
 * A place as it is, over itself. By descriptor, since a program that runs meanwhile, in this sandbox or another one, could swap what it may
 * write for a link to somewhere else; bubblewrap makes sure that the mount has come to be where it was planned (05 SB-L14).
 */
function bound(path: string, access: "read" | "write", isDirectory: boolean): PlanArgument[] {
  return [...text(access === "write" ? "--bind-fd" : "--ro-bind-fd"), { opened: path, isDirectory }, ...text(path)];
}

/** The mounts of the nodes (05 SB-L7). */
class NodeMounts {
  readonly words: PlanArgument[] = [];
  readonly masks: HostMask[] = [];
  /** Directories that are still writable, so that what lies in them can be mounted. */
  readonly sealed: string[] = [];
  /** Every place at which something is mounted. */
  readonly points: string[] = [];
  readonly #access: ReadonlyMap<string, Access>;
  readonly #view: FileView;

  constructor({ access }: SandboxNodes, view: FileView) {
    this.#access = access;
    this.#view = view;
    const byDepth = [...access.keys()]
      .filter((path) => path !== "/" && !isWithin(path, "/proc"))
      .sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
    for (const path of byDepth) this.#mount(path, access.get(path) ?? "deny");
  }

  #mount(path: string, wanted: Access): void {
    const parent = this.#parentAccess(path);
    const kind = this.#view.kindOf(path);
    if (kind === "missing") {
      if (parent === "write" && wanted !== "write") this.#maskMissing(path, wanted);
      return;
    }
    const isDirectory = kind === "directory";
    if (wanted === "deny") {
      if (parent !== "deny") this.#mask(path, isDirectory);
      return;
    }
    if (wanted === "read" && parent === "read") return;
    this.points.push(path);
    this.words.push(...bound(path, wanted, isDirectory));
  }

  #mask(path: string, isDirectory: boolean): void {
    this.points.push(path);
    if (!isDirectory) {
      this.words.push(...text("--perms", "000", "--ro-bind-data"), { emptyFile: true }, ...text(path));
      return;
    }
    const leadsOn = [...this.#access].some(([other, wanted]) => wanted !== "deny" && isBelow(other, path));
    this.words.push(...text("--perms", leadsOn ? "111" : "000", "--tmpfs", path));
    this.sealed.push(path);
  }

  /** Holds the place of the first thing that is missing, so that nobody can make it. */
  #maskMissing(path: string, wanted: Access): void {
    const first = [...between("/", path), path].find((at) => this.#view.kindOf(at) === "missing") ?? path;
    if (this.masks.some((mask) => mask.path === first)) return;
    this.points.push(first);
    if (protectedNames.some((name) => name === nameOf(first))) {
      this.words.push(...text("--perms", "555", "--tmpfs", first));
      this.sealed.push(first);
      this.masks.push({ path: first, kind: "directory" });
      return;
    }
    this.words.push(...text("--perms", wanted === "deny" ? "000" : "444", "--ro-bind-data"), { emptyFile: true });
    this.words.push(...text(first));
    this.masks.push({ path: first, kind: "file" });
  }

  /** What holds around a place: the access of the nearest node above it; none: it is invisible. */
  #parentAccess(path: string): Access {
    for (let at = parentOf(path); ; at = parentOf(at)) {
      const found = this.#access.get(at);
      if (found !== undefined) return found;
      if (at === "/") return "deny";
    }
  }
}

/**
 * Keeps the directories above a mount where they are: the kernel does not rename or remove a directory that is a mount point
 * anywhere in the namespace. The writable place itself is mounted over them later, so that nobody meets them (05 SB-L8).
 */
function pins(
  mounts: NodeMounts,
  access: ReadonlyMap<string, Access>,
  isBare: boolean,
  view: FileView,
): PlanArgument[] {
  const pinned = new Map<string, Set<string>>();
  const writable = [...access].filter(([, wanted]) => wanted === "write").map(([path]) => path);
  for (const point of mounts.points) {
    const outermost = writable.filter((path) => isBelow(point, path)).sort((a, b) => depthOf(a) - depthOf(b))[0];
    if (outermost === undefined) continue;
    const directories = between(outermost, point);
    if (directories.length === 0) continue;
    const known = pinned.get(outermost) ?? new Set();
    for (const directory of directories) known.add(directory);
    pinned.set(outermost, known);
  }
  return [...pinned].flatMap(([outermost, directories]) => {
    const sorted = [...directories].sort((a, b) => depthOf(a) - depthOf(b) || (a < b ? -1 : 1));
    const pin = (path: string) => bound(path, "read", true);
    if (outermost !== "/") return [...(isBare ? bound(outermost, "write", true) : []), ...sorted.flatMap(pin)];
    // Nothing is mounted over the root later: each directory in it is, instead.
    const isFirst = (path: string) => parentOf(path) === "/";
    const covers = new Set(sorted.map((path) => childOf("/", path.split("/")[1] ?? "")));
    for (const special of ["/proc", "/dev", "/sys"]) covers.delete(special);
    return [
      ...sorted.filter((path) => !isFirst(path)).flatMap(pin),
      ...[...covers].flatMap((path) => bound(path, "write", view.kindOf(path) === "directory")),
    ];
  });
}

/** Makes the links again by which the entries call their places (05 SB-L5). */
function links({ links, access }: SandboxNodes, view: FileView): PlanArgument[] {
  const isBound = (path: string) =>
    [...access].some(([node, wanted]) => wanted !== "deny" && node !== "/" && isBelow(path, node));
  return [...links].filter((link) => !isBound(link)).flatMap((link) => text("--symlink", view.linkText(link), link));
}
