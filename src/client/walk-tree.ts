import type { LinkActor } from "../actors/link-actor.ts";
import { RpcError } from "../protocol/errors.ts";
import type { Result } from "../protocol/methods.ts";
import { PathUri } from "../protocol/path-uri/index.ts";
import type { WirePlace } from "./remote-file-handle.ts";
import { pathFromWire } from "./remote-path.ts";

/** Something below the directory that is walked. */
export type WalkedEntry =
  | { readonly kind: "directory" | "file"; readonly path: string }
  /** It could not be looked at; the walk goes on. */
  | { readonly kind: "error"; readonly path: string; readonly message: string };

interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

type Findings = Result<"fs/walk">;

/** The most that one answer may be asked for (04 W-1). */
const wholeTree = {
  maxDepth: 64,
  maxDirectories: 10_000,
  maxEntries: 50_000,
  followDirectorySymlinks: false,
  pruneHiddenDirectories: false,
};
/** Entries that are looked at, at once, where the executor cannot walk. */
const looksAtOnce = 16;

/**
 * Walks a tree of any size: asks for all below a directory at once, and where that is too much for one answer, for the directory alone and
 * then for each directory in it. Where the executor cannot walk, it looks at everything itself (04 W-10).
 */
export async function* walkTree(
  link: LinkActor,
  root: WirePlace,
  options: CallOptions,
): AsyncIterableIterator<WalkedEntry> {
  // A stack: what is found is told before the next answer is asked for.
  const waiting: string[] = [root.path];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const place = { ...root, path };
    const whole = await walked(link, place, wholeTree, options);
    if (whole !== null && !whole.truncated && !isAtBottom(whole, path)) {
      yield* told(whole);
      continue;
    }
    const shallow = whole === null ? null : await walked(link, place, { ...wholeTree, maxDepth: 0 }, options);
    const found = shallow === null || shallow.truncated ? await lookedAt(link, place, options) : shallow;
    yield* told(found);
    for (const entry of found.entries.toReversed()) if (entry.kind === "directory") waiting.push(entry.path);
  }
}

function* told({ entries, errors }: Pick<Findings, "entries" | "errors">): Iterable<WalkedEntry> {
  for (const { kind, path } of entries) yield { kind, path: pathFromWire(path) };
  for (const { path, message } of errors) yield { kind: "error", path: pathFromWire(path), message };
}

/** A walk ends at its greatest depth without a word; what lies there may go on. */
function isAtBottom({ entries }: Findings, root: string): boolean {
  const rootDepth = depthOf(root);
  return entries.some(({ kind, path }) => kind === "directory" && depthOf(path) - rootDepth > wholeTree.maxDepth);
}

function depthOf(uri: string): number {
  return uri.replace(/\/$/, "").split("/").length;
}

/** `null`: the executor cannot walk. */
async function walked(
  link: LinkActor,
  place: WirePlace,
  limits: typeof wholeTree,
  options: CallOptions,
): Promise<Findings | null> {
  try {
    return await link.call("fs/walk", { ...place, options: limits }, options);
  } catch (error) {
    if (error instanceof RpcError && error.code === "methodNotFound") return null;
    throw error;
  }
}

/** One directory, by what every executor can do. */
async function lookedAt(link: LinkActor, place: WirePlace, options: CallOptions) {
  const { entries } = await link.call("fs/readDirectory", place, options);
  const found: { path: string; kind: "directory" | "file" }[] = [];
  const errors: { path: string; message: string }[] = [];
  const names = entries.values();
  const look = async () => {
    for (const { fileName, path: exact } of names) {
      const path = exact ?? PathUri.parse(place.path).join(fileName).canonical;
      try {
        const info = await link.call("fs/getMetadata", { ...place, path }, options);
        if (info.isSymlink || !(info.isDirectory || info.isFile)) continue;
        found.push({ path, kind: info.isDirectory ? "directory" : "file" });
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        errors.push({ path, message: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: looksAtOnce }, look));
  found.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries: found, errors };
}
