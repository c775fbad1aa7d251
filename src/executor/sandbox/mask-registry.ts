import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { SpawnError } from "../../ports/process-host.ts";
import { errnoName } from "../spawn/os-error.ts";
import { readProcess } from "../spawn/process-table.ts";
import { HeldDirectory } from "./held-directory.ts";
import type { HostMask } from "./mount-plan.ts";
import { nameOf, parentOf } from "./path-text.ts";

/** Masks of one path that living programs need. */
interface CountedMask extends HostMask {
  count: number;
  /** Where they were made: usually one, more where the directory was replaced meanwhile. By identity. */
  readonly directories: Map<string, HeldDirectory>;
}

/** A mask as it is written down: in which directory it was made, wherever that is now. */
interface NotedMask extends HostMask {
  readonly directories: readonly string[];
}

/** How often a lock that somebody holds is tried; each holder keeps it for well under a millisecond. */
const lockTries = 2_000;
const lockPauseMs = 1;

/** Where executors of this user note what they have put on the host. */
export function defaultMaskDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "proctor", "sandbox-masks");
}

/**
 * Counts what holds the place of missing files and directories on the host while programs run, and removes it with the last one
 * (05 SB-L13). The count of each executor is mirrored in a file of its own, under a lock that all of this user share: they see
 * each other's masks as missing, the last one removes them, and what an executor left behind that was killed is
 * removed by the next.
 */
export class MaskRegistry {
  readonly #directory: string;
  readonly #counts = new Map<string, CountedMask>();
  #ownFile: string | null = null;

  constructor(directory: string = defaultMaskDirectory()) {
    this.#directory = directory;
  }

  /** Removes what executors that are gone have left. Costs nothing where there never was a mask. */
  recover(): void {
    if (existsSync(this.#directory)) this.#locked(() => this.#masksOfOthers());
  }

  /**
   * Makes a plan and counts its masks in one step, so that nobody's masks change in between.
   * @param plan is told which paths are masks, to be treated as missing
   */
  count<Plan extends { readonly masks: readonly HostMask[] }>(plan: (isMask: (path: string) => boolean) => Plan): Plan {
    return this.#locked(() => {
      const others = this.#masksOfOthers();
      const planned = plan((path) => this.#counts.has(path) || others.has(path));
      using opened = new DisposableStack();
      const places = planned.masks.map((mask) => ({
        mask,
        directory: opened.use(HeldDirectory.at(parentOf(mask.path))),
      }));
      opened.move(); // all are there: from here on they are counted
      for (const { mask, directory } of places) {
        const counted = this.#counts.get(mask.path) ?? { ...mask, count: 0, directories: new Map() };
        if (counted.directories.has(directory.identity)) directory[Symbol.dispose]();
        else counted.directories.set(directory.identity, directory);
        counted.count += 1;
        this.#counts.set(mask.path, counted);
      }
      if (planned.masks.length > 0) this.#mirror();
      return planned;
    });
  }

  /** The program that needed these masks has ended. */
  release(masks: readonly HostMask[]): void {
    if (masks.length === 0) return;
    this.#locked(() => {
      const over: CountedMask[] = [];
      for (const { path } of masks) {
        const known = this.#counts.get(path);
        if (known === undefined) continue;
        known.count -= 1;
        if (known.count > 0) continue;
        this.#counts.delete(path);
        over.push(known);
      }
      if (over.length === 0) return;
      const others = this.#masksOfOthers();
      for (const { path, kind, directories } of over) {
        for (const directory of directories.values()) {
          if (!others.has(path)) removeMask(directory, nameOf(path), kind);
          directory[Symbol.dispose]();
        }
      }
      this.#mirror();
    });
  }

  #mirror(): void {
    this.#ownFile ??= join(this.#directory, `${process.pid}-${startOf(process.pid) ?? ""}-${registries++}.json`);
    const file = this.#ownFile;
    if (this.#counts.size === 0) {
      unlinkSync(file);
      this.#ownFile = null;
      return;
    }
    const masks = [...this.#counts.values()].map(
      ({ path, kind, directories }): NotedMask => ({ path, kind, directories: [...directories.keys()] }),
    );
    writeFileSync(`${file}.new`, JSON.stringify(masks), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** What living executors have noted; what dead ones have noted is removed. Under the lock. */
  #masksOfOthers(): ReadonlySet<string> {
    const living = new Set<string>();
    const left: { readonly file: string; readonly masks: readonly NotedMask[] }[] = [];
    for (const name of readdirSync(this.#directory)) {
      const file = join(this.#directory, name);
      const owner = /^(\d+)-(\d*)-\d+\.json$/.exec(name);
      if (owner === null || file === this.#ownFile) continue;
      const masks = JSON.parse(readFileSync(file, "utf8")) as readonly NotedMask[]; // written by nobody but us
      if (startOf(Number(owner[1])) === owner[2]) for (const { path } of masks) living.add(path);
      else left.push({ file, masks });
    }
    for (const { file, masks } of left) {
      for (const mask of masks) if (!living.has(mask.path) && !this.#counts.has(mask.path)) removeLeftMask(mask);
      unlinkSync(file);
    }
    return living;
  }

  #tryLock(lock: string): boolean {
    try {
      symlinkSync(String(process.pid), lock); // made with its content in one step
      return true;
    } catch (error) {
      if (errnoName(error) === "ENOENT") mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      else if (errnoName(error) !== "EEXIST") throw error;
      return false;
    }
  }

  /** Alone among the executors of this user. */
  #locked<T>(action: () => T): T {
    const lock = join(this.#directory, "lock");
    for (let tries = 0; !this.#tryLock(lock); tries++) {
      if (tries > lockTries) throw new SpawnError(`${lock} is held by another executor`, { effect: "notApplied" });
      breakAbandoned(lock);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lockPauseMs);
    }
    try {
      return action();
    } finally {
      unlinkSync(lock);
    }
  }
}

/** Registries of one program have files of their own. */
let registries = 0;

/** A holder that was killed will not come back. */
function breakAbandoned(lock: string): void {
  try {
    const holder = Number(readlinkSync(lock));
    if (readProcess(holder) === null) unlinkSync(lock);
  } catch (error) {
    if (errnoName(error) !== "ENOENT") throw error; // let go of meanwhile
  }
}

function startOf(pid: number): string | null {
  return readProcess(pid)?.startTicks ?? null;
}

/** Only if it is still what was put there: empty, and of that kind. */
function removeMask(directory: HeldDirectory, name: string, kind: HostMask["kind"]): void {
  const path = directory.entry(name);
  try {
    if (kind === "directory") return rmdirSync(path);
    const found = lstatSync(path);
    if (found.isFile() && found.size === 0) unlinkSync(path);
  } catch (error) {
    if (errnoName(error) === null) throw error; // somebody has made something of it, or taken it away
  }
}

/** What an executor that is gone has left, if it is where it was. */
function removeLeftMask({ path, kind, directories }: NotedMask): void {
  let directory: HeldDirectory;
  try {
    directory = HeldDirectory.at(parentOf(path));
  } catch {
    return; // no such directory any more, or another way to it
  }
  using held = directory;
  if (directories.includes(held.identity)) removeMask(held, nameOf(path), kind);
}
