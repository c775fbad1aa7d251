import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescriptorShield } from "./descriptor-shield.ts";
import { launchByNode } from "./launch.ts";
import type { Libc } from "./libc.ts";
import { asSpawnError, errnoName, spawnRefused } from "./os-error.ts";

/** A pipe of the kernel. Both ends close themselves on `exec`. */
export interface Pipe {
  /** The end to read; does not block, or does not any more once it is given to a socket. */
  readonly read: number;
  /** The end to write; blocks, as programs expect of their output. */
  readonly write: number;
}

/** Pipes made by one run of `mkfifo`. */
const batch = 32;
/** With fewer than this many left the next batch is made ahead of the need. */
const lowWater = 12;

/**
 * Real pipes. What Node calls a pipe is a pair of sockets, and programs notice: `/dev/stdout` and `/dev/stderr` cannot be
 * opened again (`No such device or address`), and bash takes a socket on stdin for a remote login and reads `~/.bashrc`. They
 * are also slower: 2.0 against 2.8 GB/s, and half as much processor again. The C library makes pipes one by one. Node cannot
 * make any, so without it `mkfifo` makes 32 at a time; each is opened at both ends and unlinked at once, and nothing of it
 * remains in the file system.
 */
export class PipePool implements Disposable {
  readonly #libc: Libc | null;
  readonly #shield: DescriptorShield;
  readonly #directories: readonly string[];
  readonly #ready: Pipe[] = [];
  #filling: Promise<void> | null = null;
  #failure: unknown = null;
  #limitation: string | null = null;
  #disposed = false;

  /** @param directories where `mkfifo`'s pipes get their short-lived names, the first that works. */
  constructor(libc: Libc | null, shield: DescriptorShield, directories: readonly string[] = ["/dev/shm", tmpdir()]) {
    this.#libc = libc;
    this.#shield = shield;
    this.#directories = directories;
  }

  /** Why this host has no real pipes, in words; `null` as long as it has. */
  get limitation(): string | null {
    return this.#limitation;
  }

  /**
   * Takes `count` pipes; whoever takes them closes them. `null` where the host has no `mkfifo` or no place for it.
   * @throws SpawnError when descriptors have run out.
   */
  async take(count: number): Promise<Pipe[] | null> {
    if (this.#libc !== null) return makePipes(this.#libc, count);
    while (this.#ready.length < count) {
      await this.#fill();
      if (this.#limitation !== null) return null;
      if (this.#ready.length < count && this.#failure !== null) throw asSpawnError(this.#failure);
    }
    const taken = this.#ready.splice(-count);
    if (this.#ready.length < lowWater) void this.#fill();
    return taken;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const pipe of this.#ready.splice(0)) closePipe(pipe);
  }

  /** Never rejects: a failure is kept for whoever needs a pipe and finds none. */
  #fill(): Promise<void> {
    this.#filling ??= this.#makeBatch()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#filling = null;
      });
    return this.#filling;
  }

  async #makeBatch(): Promise<void> {
    this.#failure = null;
    const names = Array.from({ length: batch }, (_, index) => String(index));
    const refusals: string[] = [];
    for (const parent of this.#directories) {
      let directory: string;
      try {
        directory = mkdtempSync(join(parent, "proctor-"));
      } catch (error) {
        refusals.push(`${parent}: ${errnoName(error) ?? error}`);
        continue;
      }
      try {
        const status = await makeFifos(this.#shield, directory, names);
        if (status === 0) {
          this.#openAll(names.map((name) => join(directory, name)));
          return;
        }
        refusals.push(`mkfifo in ${parent} ended with ${status}`);
      } finally {
        rmSync(directory, { recursive: true });
      }
    }
    this.#limitation = `no real pipes, sockets instead (${refusals.join("; ")})`;
  }

  #openAll(paths: readonly string[]): void {
    for (const path of paths) {
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        this.#ready.push({ read, write: openSync(path, constants.O_WRONLY) });
      } catch (error) {
        closeSync(read);
        throw error;
      }
    }
    if (this.#disposed) this[Symbol.dispose]();
  }
}

function makePipes(libc: Libc, count: number): Pipe[] {
  const pipes: Pipe[] = [];
  while (pipes.length < count) {
    const pipe = libc.pipe();
    if (typeof pipe === "string") {
      for (const made of pipes) closePipe(made);
      throw spawnRefused(pipe);
    }
    pipes.push(pipe);
  }
  return pipes;
}

/** Closes both ends of a pipe that nobody took. */
export function closePipe({ read, write }: Pipe): void {
  closeSync(read);
  closeSync(write);
}

/** The exit status of `mkfifo`, or the error that kept it from running. */
async function makeFifos(
  shield: DescriptorShield,
  directory: string,
  names: readonly string[],
): Promise<number | string> {
  for (const file of ["/usr/bin/mkfifo", "/bin/mkfifo"]) {
    try {
      const order = { file, argv: ["mkfifo", "-m", "600", ...names], cwd: directory, env: {}, inherited: [] };
      const descriptors = ["ignore", "ignore", "ignore"] as const;
      const mkfifo = await launchByNode({ ...order, descriptors, ownSession: true }, shield);
      return await new Promise((resolve) => mkfifo.onEnd(({ exitCode }) => resolve(exitCode)));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (file === "/bin/mkfifo") return error.message;
    }
  }
  return "no mkfifo";
}
