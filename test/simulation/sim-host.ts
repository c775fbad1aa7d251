import type { Clock } from "../../src/ports/clock.ts";
import type { FileHost } from "../../src/ports/file-host.ts";
import type { Host } from "../../src/ports/host.ts";
import type { JournalStore } from "../../src/ports/journal-store.ts";
import {
  type ChildListener,
  type ChildSignal,
  type ChildSpec,
  type ProcessFamily,
  type ProcessHost,
  SpawnError,
} from "../../src/ports/process-host.ts";
import type { EnvironmentInfo } from "../../src/protocol/environment.ts";
import { ScriptedHttp } from "../scripted-http.ts";
import type { Program } from "./scenario.ts";
import { SimChild } from "./sim-child.ts";
import { SimFiles } from "./sim-files.ts";
import { SimSpill } from "./sim-spill.ts";

/** What a simulated machine is made of. */
export interface SimHostOptions {
  readonly clock: Clock;
  /** The program behind the first word of a command. */
  program(name: string): Program;
  trace(text: string): void;
  /** The executor sends a process a signal. */
  signalled(name: string, signal: ChildSignal): void;
  /** What outlives its executor. */
  readonly journal: JournalStore | undefined;
}

/** The machine an executor runs on: processes that follow their programs, files in memory. */
export class SimHost implements Host, ProcessHost {
  readonly processes: ProcessHost = this;
  readonly http = new ScriptedHttp();
  readonly files: FileHost;
  readonly memory: SimFiles;
  readonly spill = new SimSpill();
  readonly journal: JournalStore | undefined;
  /** Every process that ever ran, by name. */
  readonly children = new Map<string, SimChild>();
  /** How often each name was spawned with success; a start that failed may be made again. */
  readonly spawns = new Map<string, number>();
  readonly #options: SimHostOptions;
  /** Spawns that are under way, by name. */
  readonly #spawning = new Map<string, () => SimChild>();
  #isCrashed = false;

  constructor(options: SimHostOptions) {
    this.#options = options;
    this.journal = options.journal;
    this.memory = new SimFiles(options.clock, (text) => options.trace(text));
    this.files = this.memory;
  }

  /** How many spawns are under way. */
  get spawning(): number {
    return this.#spawning.size;
  }

  environment(): Readonly<Record<string, string>> {
    return { PATH: "/bin" };
  }

  info(): Promise<EnvironmentInfo> {
    return this.#after(2).then(() => ({ shell: { name: "sh", path: "/bin/sh" } }));
  }

  family(): ProcessFamily {
    const members: SimChild[] = [];
    return {
      spawn: async (spec, listener) => {
        const child = await this.spawn(spec, listener);
        members.push(child);
        return child;
      },
      end: async () => {
        await Promise.all(members.map((child) => child.endDescendants()));
      },
    };
  }

  async spawn(spec: ChildSpec, listener: ChildListener): Promise<SimChild> {
    const [name = ""] = spec.argv;
    const { clock, trace, signalled, journal } = this.#options;
    const program = this.#options.program(name);
    const world = { clock, listener, trace, signalled, isJournaled: journal !== undefined };
    const begin = () => new SimChild(this.children.size + 1, name, spec, program, world);
    this.#spawning.set(name, begin);
    await this.#after(program.spawnMs);
    this.#spawning.delete(name);
    if (program.failsToSpawn) throw new SpawnError("No such file or directory (os error 2)");
    trace(`${name} is spawned`);
    this.spawns.set(name, (this.spawns.get(name) ?? 0) + 1);
    const child = begin();
    this.children.set(name, child);
    return child;
  }

  /** The machine's executor dies in an instant, and its processes with it. */
  crash(): void {
    this.#isCrashed = true;
    // Whether such a one was born nobody can tell: with a journal it is reported like any other.
    if (this.journal !== undefined) for (const [name, begin] of this.#spawning) this.children.set(name, begin());
    for (const child of this.children.values()) child.crash();
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimeout(() => {
        if (!this.#isCrashed) resolve();
      }, ms);
    });
  }
}
