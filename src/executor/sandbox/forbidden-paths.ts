import { type FSWatcher, watch } from "node:fs";
import { errnoName } from "../spawn/os-error.ts";
import { HeldDirectory } from "./held-directory.ts";
import { nameOf, parentOf } from "./path-text.ts";

interface Watched {
  readonly path: string;
  readonly directory: HeldDirectory;
  readonly watcher: FSWatcher;
}

/**
 * Removes what comes to be where nothing may: metadata of a workspace that lies in a larger repository, which a mask would hide
 * (05 SB-M5).
 */
export class ForbiddenPaths {
  readonly #watched: readonly Watched[];
  readonly #blocked: (path: string) => void;

  /** @param blocked called for each thing that was removed */
  constructor(paths: readonly string[], blocked: (path: string) => void) {
    this.#blocked = blocked;
    using opened = new DisposableStack();
    this.#watched = paths.map((path) => {
      const directory = opened.use(HeldDirectory.at(parentOf(path)));
      const watcher = watch(directory.path, (_event, name) => {
        if (name === nameOf(path)) this.#remove(path, directory);
      });
      opened.defer(() => watcher.close());
      watcher.on("error", () => this.#remove(path, directory));
      return { path, directory, watcher };
    });
    opened.move(); // until `close`
  }

  /** The program has ended: looks once more. */
  close(): void {
    for (const { path, directory, watcher } of this.#watched) {
      watcher.close();
      this.#remove(path, directory);
      directory[Symbol.dispose]();
    }
  }

  #remove(path: string, directory: HeldDirectory): void {
    if (!directory.has(nameOf(path))) return;
    try {
      directory.removeAll(nameOf(path));
    } catch (error) {
      // The program is quicker, while it lives; when it has ended we look once more.
      if (errnoName(error) === null) throw error;
    }
    this.#blocked(path);
  }
}
