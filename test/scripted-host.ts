import { Buffer } from "node:buffer";
import { nodeFileHost } from "../src/executor/files/node-file-host.ts";
import type { FileHost } from "../src/ports/file-host.ts";
import type { Host } from "../src/ports/host.ts";
import type { JournalStore } from "../src/ports/journal-store.ts";
import {
  BrokenStdinError,
  type Child,
  type ChildListener,
  type ChildSignal,
  type ChildSpec,
  type ProcessFamily,
  type ProcessHost,
} from "../src/ports/process-host.ts";
import type { SpillStore } from "../src/ports/spill-store.ts";
import type { EnvironmentInfo } from "../src/protocol/environment.ts";
import type { OutputStream, ResourceUsage } from "../src/protocol/process.ts";
import { ScriptedHttp } from "./scripted-http.ts";

/** A child that does what the test says, when the test says it. */
export class ScriptedChild implements Child {
  readonly pid: number;
  readonly spec: ChildSpec;
  /** The signals it got, in order. */
  readonly signals: ChildSignal[] = [];
  /** What was written to its stdin and taken, in order. */
  readonly stdin: Uint8Array[] = [];
  /** Whether it reads its stdin; if not, writes wait. */
  readsStdin = true;
  /** Whether its output is held back. */
  paused = false;
  released = false;
  readonly #listener: ChildListener;
  #waiting: { readonly bytes: Uint8Array; readonly take: () => void; readonly refuse: (error: unknown) => void }[] = [];

  constructor(pid: number, spec: ChildSpec, listener: ChildListener) {
    this.pid = pid;
    this.spec = spec;
    this.#listener = listener;
  }

  /** What its stdin got, as text. */
  get input(): string {
    return Buffer.concat(this.stdin).toString();
  }

  /** Writes that wait for it to read. */
  get waitingWrites(): number {
    return this.#waiting.length;
  }

  /** Prints. */
  print(output: string | Uint8Array, stream: OutputStream = this.spec.stdin === "pty" ? "pty" : "stdout"): void {
    this.#listener.output(stream, typeof output === "string" ? Buffer.from(output) : output);
  }

  /** Ends one stream. */
  end(stream: OutputStream): void {
    this.#listener.ended(stream);
  }

  /** Exits, and leaves its streams open. */
  exit(exitCode = 0, usage: ResourceUsage | null = null): void {
    this.#listener.exited({ exitCode, usage });
  }

  /** Exits and closes its streams. */
  finish(exitCode = 0): void {
    this.exit(exitCode);
    if (this.spec.stdin === "pty") return this.end("pty");
    this.end("stdout");
    this.end("stderr");
  }

  /** Closes its end of stdin: what waits never arrives. */
  closeStdin(): void {
    for (const { refuse } of this.#waiting.splice(0)) refuse(new BrokenStdinError("the child closed its stdin"));
    this.#listener.stdinClosed();
  }

  /** Takes the writes that wait, all or the first ones. */
  readStdin(writes = Number.POSITIVE_INFINITY): void {
    for (const { bytes, take } of this.#waiting.splice(0, writes)) {
      this.stdin.push(bytes);
      take();
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.readsStdin) {
      this.stdin.push(bytes);
      return Promise.resolve();
    }
    return new Promise((take, refuse) => this.#waiting.push({ bytes, take, refuse }));
  }

  /** Was it told that no more input comes? */
  inputEnded = false;
  /** The size of its terminal, as it was last set. */
  size: readonly [rows: number, columns: number] = [24, 80];

  endInput(): void {
    this.inputEnded = true;
  }

  resize(rows: number, columns: number): void {
    this.size = [rows, columns];
  }

  signal(signal: ChildSignal): void {
    this.signals.push(signal);
  }

  pauseOutput(): void {
    this.paused = true;
  }

  resumeOutput(): void {
    this.paused = false;
  }

  release(): void {
    this.released = true;
  }
}

/** Spill files in memory. */
export function memorySpillStore(): SpillStore {
  return {
    create: () => {
      const chunks: Uint8Array[] = [];
      const all = () => Buffer.concat(chunks);
      return {
        append: (bytes) => {
          const offset = all().length;
          chunks.push(bytes);
          return offset;
        },
        read: (offset, length) => all().subarray(offset, offset + length),
        close: () => void chunks.splice(0),
      };
    },
  };
}

interface HeldSpawn {
  readonly child: ScriptedChild;
  readonly resolve: (child: Child) => void;
  readonly reject: (error: unknown) => void;
}

/** A host whose children are played by the test. Its files are those of this machine unless others are given. */
export class ScriptedHost implements Host, ProcessHost {
  readonly processes: ProcessHost = this;
  readonly files: FileHost;
  readonly http = new ScriptedHttp();
  readonly spill: SpillStore = memorySpillStore();
  /** Set before the executor is made. */
  journal: JournalStore | undefined;
  /** Every child that was ever spawned, in order. */
  readonly children: ScriptedChild[] = [];
  /** What `environment/info` answers. */
  info: () => Promise<EnvironmentInfo> = () => Promise.resolve({ shell: { name: "sh", path: "/bin/sh" } });
  /** Whether spawns wait for `finishSpawn` or `failSpawn`. */
  holdsSpawns = false;
  /** The spawns that wait, in order. */
  readonly held: HeldSpawn[] = [];
  #pids = 0;

  constructor(files: FileHost = nodeFileHost) {
    this.files = files;
  }

  /** The child spawned last. */
  get last(): ScriptedChild {
    const child = this.children.at(-1);
    if (child === undefined) throw new Error("nothing was spawned");
    return child;
  }

  environment(): Readonly<Record<string, string>> {
    return { PATH: "/usr/bin:/bin" };
  }

  spawn(spec: ChildSpec, listener: ChildListener): Promise<Child> {
    this.#pids += 1;
    const child = new ScriptedChild(this.#pids, spec, listener);
    if (!this.holdsSpawns) {
      this.children.push(child);
      return Promise.resolve(child);
    }
    return new Promise((resolve, reject) => this.held.push({ child, resolve, reject }));
  }

  /** How many families were ended. */
  endedFamilies = 0;

  family(): ProcessFamily {
    return {
      spawn: (spec, listener) => this.spawn(spec, listener),
      end: async () => {
        this.endedFamilies += 1;
      },
    };
  }

  /** Lets the oldest held spawn succeed. */
  finishSpawn(): ScriptedChild {
    const { child, resolve } = this.#oldest();
    this.children.push(child);
    resolve(child);
    return child;
  }

  /** Lets the oldest held spawn fail. */
  failSpawn(error: unknown): void {
    this.#oldest().reject(error);
  }

  #oldest(): HeldSpawn {
    const spawn = this.held.shift();
    if (spawn === undefined) throw new Error("no spawn is held");
    return spawn;
  }
}
