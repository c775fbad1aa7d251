import type { Clock } from "../../src/ports/clock.ts";
import type { FileHost } from "../../src/ports/file-host.ts";
import type { Host } from "../../src/ports/host.ts";
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
}

/** The machine an executor runs on: processes that follow their programs, files in memory. */
export class SimHost implements Host, ProcessHost {
  readonly processes: ProcessHost = this;
  readonly http = new ScriptedHttp();
  readonly files: FileHost;
  readonly memory: SimFiles;
  readonly spill = new SimSpill();
  /** Every process that ever ran, by name. */
  readonly children = new Map<string, SimChild>();
  /** How often each name was spawned with success; a start that failed may be made again. */
  readonly spawns = new Map<string, number>();
  /** Spawns that are under way. */
  spawning = 0;
  readonly #options: SimHostOptions;
  #isCrashed = false;

  constructor(options: SimHostOptions) {
    this.#options = options;
    this.memory = new SimFiles(options.clock, (text) => options.trace(text));
    this.files = this.memory;
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
    const { clock, trace, signalled } = this.#options;
    const program = this.#options.program(name);
    this.spawning += 1;
    await this.#after(program.spawnMs);
    this.spawning -= 1;
    if (program.failsToSpawn) throw new SpawnError("No such file or directory (os error 2)");
    trace(`${name} is spawned`);
    this.spawns.set(name, (this.spawns.get(name) ?? 0) + 1);
    const child = new SimChild(this.children.size + 1, name, spec, program, { clock, listener, trace, signalled });
    this.children.set(name, child);
    return child;
  }

  /** The machine's executor dies in an instant, and its processes with it. */
  crash(): void {
    this.#isCrashed = true;
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
