import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { FileError, type NativePath, type WalkFindings, type WalkLimits } from "../../ports/file-host.ts";
import type { PathUri } from "../../protocol/path-uri/index.ts";
import { nativePaths } from "../native-paths.ts";
import { attempt } from "./attempt.ts";
import { entryPath } from "./native-path.ts";
import { WalkRecord } from "./walk-record.ts";

/** A directory that is to be read. */
interface Place {
  readonly uri: PathUri;
  readonly path: NativePath;
  readonly depth: number;
}

type Kind = "directory" | "file" | "other";

/** Lists a tree, breadth first, within limits (04 part C). Follows no link to a file; links to directories if asked to. */
export async function walk(root: PathUri, limits: WalkLimits): Promise<WalkFindings> {
  const path = systemPath(root);
  const look = limits.followDirectorySymlinks ? stat : lstat;
  const kind = kindOf(await attempt<Stats>("walk", path, () => look(path)));
  const record = new WalkRecord(limits.maxEntries);
  if (kind === "directory") await new Walk(limits, record).from({ uri: root, path, depth: 0 });
  return record.findings;
}

class Walk {
  readonly #limits: WalkLimits;
  readonly #record: WalkRecord;
  /** By identity, so that a cycle of links is entered once (04 W-6). */
  readonly #entered = new Set<string>();
  readonly #waiting: Place[] = [];

  constructor(limits: WalkLimits, record: WalkRecord) {
    this.#limits = limits;
    this.#record = record;
  }

  async from(root: Place): Promise<void> {
    await this.#enter(root);
    for (let next = this.#waiting.shift(); next !== undefined && !this.#record.isFull; next = this.#waiting.shift()) {
      await this.#list(next);
    }
  }

  async #list(directory: Place): Promise<void> {
    const { uri, path } = directory;
    const found = await this.#attempt(uri, path, () => readdir(path, { withFileTypes: true, encoding: "buffer" }));
    if (found === undefined) return;
    found.sort((a, b) => Buffer.compare(a.name, b.name)); // the order of code points, for UTF-8 keeps it
    const isSearchable = await stat(entryPath(path, Buffer.from("."))).then(
      () => true,
      () => false,
    );
    for (const entry of found) {
      await this.#examine(directory, entry, isSearchable);
      if (this.#record.isFull) return;
    }
  }

  async #examine(directory: Place, entry: Dirent<Buffer>, isSearchable: boolean): Promise<void> {
    const path = entryPath(directory.path, entry.name);
    const uri = directory.uri.child(entry.name);
    if (!isSearchable) {
      // The kernel has told its name and will not let it be looked at; let it say why.
      if (this.#record.count()) await this.#attempt(uri, path, () => lstat(path));
      return;
    }
    const kind = entry.isSymbolicLink() ? await this.#targetKind(path) : kindOf(entry);
    if (kind === undefined || !this.#record.count()) return;
    if (kind === "other" || !this.#record.add(uri, kind) || kind === "file") return;
    const isPruned = this.#limits.pruneHiddenDirectories && entry.name.toString("latin1").startsWith(".");
    if (!isPruned && directory.depth < this.#limits.maxDepth) {
      await this.#enter({ uri, path, depth: directory.depth + 1 });
    }
  }

  /** What a link leads to, if that counts here; `undefined` where it leads nowhere (04 W-4, W-5). */
  async #targetKind(path: NativePath): Promise<Kind | undefined> {
    const target = await stat(path).then(kindOf, () => undefined);
    const isFollowed = target === "directory" && this.#limits.followDirectorySymlinks;
    return target === undefined || isFollowed ? target : "other";
  }

  /** Puts a directory in the queue, once, as long as there may be more (04 W-6). */
  async #enter(directory: Place): Promise<void> {
    const { uri, path } = directory;
    const identity = this.#limits.followDirectorySymlinks
      ? await this.#attempt(uri, path, () => realpath(path, { encoding: "latin1" }))
      : uri.canonical;
    if (identity === undefined || this.#entered.has(identity)) return;
    if (this.#entered.size >= this.#limits.maxDirectories) return this.#record.cut();
    this.#entered.add(identity);
    this.#waiting.push(directory);
  }

  /** What fails below the root is written down, and does not end the walk (04 W-8). */
  async #attempt<T>(uri: PathUri, path: NativePath, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await attempt("walk", path, call);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#record.addError(uri, error.message);
      return undefined;
    }
  }
}

function kindOf(entry: Pick<Dirent, "isDirectory" | "isFile">): Kind {
  if (entry.isDirectory()) return "directory";
  return entry.isFile() ? "file" : "other";
}

function systemPath(uri: PathUri): NativePath {
  const path = uri.toSystemPath(nativePaths);
  return typeof path === "string" ? path : Buffer.from(path);
}
