import { existsSync, type FSWatcher, lstatSync, rmSync, watch } from "node:fs";
import { nameOf, parentOf } from "./path-text.ts";

/**
 * Removes what comes to be where nothing may: metadata of a workspace that lies in a larger repository, which a mask would hide
 * (05 SB-M5).
 */
export class ForbiddenPaths {
  readonly #paths: readonly string[];
  readonly #watchers: FSWatcher[];
  readonly #blocked: (path: string) => void;

  /** @param blocked called for each thing that was removed */
  constructor(paths: readonly string[], blocked: (path: string) => void) {
    this.#paths = paths;
    this.#blocked = blocked;
    this.#watchers = paths.map((path) =>
      watch(parentOf(path), (_event, name) => {
        if (name === nameOf(path)) this.#remove(path);
      }),
    );
    for (const watcher of this.#watchers) watcher.on("error", () => this.#removeAll());
  }

  /** The program has ended: looks once more. */
  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    this.#removeAll();
  }

  #removeAll(): void {
    for (const path of this.#paths) this.#remove(path);
  }

  #remove(path: string): void {
    if (!existsSync(path) && lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
    rmSync(path, { recursive: true, force: true });
    this.#blocked(path);
  }
}
