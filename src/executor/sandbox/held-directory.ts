import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { SpawnError } from "../../ports/process-host.ts";

/** `O_PATH`, which Node does not name: a place, without a right to read or write it. */
const placeOnly = 0o10000000;

/** Opens a place without any link in it. @throws SpawnError where it is not what it was when somebody looked */
export function openPlace(path: string, isDirectory: boolean): number {
  const fd = openSync(path, placeOnly | constants.O_NOFOLLOW | (isDirectory ? constants.O_DIRECTORY : 0));
  if (readlinkSync(`/proc/self/fd/${fd}`) === path) return fd;
  closeSync(fd);
  throw new SpawnError(`${path} was replaced while a sandbox was made of it`, { effect: "notApplied" });
}

/**
 * A directory that stays the same one whatever becomes of its path. Confined programs can swap directories for links while we, who
 * are not confined, clean up behind them: what we remove is an entry of this directory, and nothing that a link leads to.
 */
export class HeldDirectory implements Disposable {
  /** Tells it from any directory that takes its place. */
  readonly identity: string;
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
    const { dev, ino } = fstatSync(fd, { bigint: true });
    this.identity = `${dev}:${ino}`;
  }

  /** @param path without any link in it. @throws SpawnError, or what the OS says, where there is none any more */
  static at(path: string): HeldDirectory {
    return new HeldDirectory(openPlace(path, true));
  }

  /** By this path it is found, whatever its own is now. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** The path of an entry, as long as it is held. */
  entry(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Is there an entry of this name? */
  has(name: string): boolean {
    return lstatSync(this.entry(name), { throwIfNoEntry: false }) !== undefined;
  }

  /** Removes an entry with all that is in it, and follows no link, even while somebody goes on making some. */
  removeAll(name: string): void {
    const path = this.entry(name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isDirectory()) return unlinkSync(path);
    {
      using inner = new HeldDirectory(openSync(path, placeOnly | constants.O_NOFOLLOW | constants.O_DIRECTORY));
      chmodSync(inner.path, 0o700); // whoever made it may have closed it
      for (const child of readdirSync(inner.entry("."))) inner.removeAll(child);
    }
    rmdirSync(path);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
