import type { ActorWatch } from "../../src/actors/actor-watch.ts";
import { Executor, type OutputRetention } from "../../src/executor/executor.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { ChildSignal } from "../../src/ports/process-host.ts";
import { MemoryJournal } from "../memory-journal.ts";
import { SeededRandom } from "./chance.ts";
import { ProgramClock } from "./program-clock.ts";
import type { Program } from "./scenario.ts";
import type { SimChild } from "./sim-child.ts";
import { SimHost } from "./sim-host.ts";
import type { SimLink } from "./sim-link.ts";
import type { WireWatch } from "./wire-watch.ts";

/** What a site needs of its world. */
export interface SimSiteOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly sessionTtlMs: number;
  /** Whether it keeps as little output as it can, in memory and on disk. */
  readonly keepsLittle: boolean;
  /** Whether it lets the oldest output go when its memory is full, as the reference does. */
  readonly isPlain: boolean;
  /** Whether its executors keep a journal. */
  readonly journals: boolean;
  readonly watch: WireWatch;
  readonly actorWatch: ActorWatch | undefined;
  program(name: string): Program;
  trace(text: string): void;
  fault(error: unknown): void;
}

/** The least that an executor can be told to keep. */
const leastBytes = 1024 * 1024;

/** What an executor that stops gives its processes before it kills them (03 SS-66). */
const stopGraceMs = 2_000;

interface Incarnation {
  readonly executor: Executor;
  readonly host: SimHost;
  readonly clock: ProgramClock;
  readonly links: SimLink[];
}

/** The place where an executor runs, the same address through all its restarts. */
export class SimSite {
  /** The machines of all incarnations. */
  readonly hosts: SimHost[] = [];
  readonly #options: SimSiteOptions;
  readonly #journal: MemoryJournal | undefined;
  #current: Incarnation | null;
  #startedAtMs = 0;

  constructor(options: SimSiteOptions) {
    this.#options = options;
    this.#journal = options.journals ? new MemoryJournal() : undefined;
    this.#current = this.#start();
  }

  /** The executor that can be reached now. */
  get executor(): Executor | null {
    return this.#current?.executor ?? null;
  }

  /** When the executor was started that can be reached now. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** What a later executor would find in the journal, if there is one. */
  get journaledSessions(): number {
    return this.#journal?.sessions.size ?? 0;
  }

  /** Is there somebody who would take a connection? */
  get isUp(): boolean {
    return this.#current !== null;
  }

  /** The clock of the executor that can be reached now. */
  get clock(): ProgramClock {
    if (this.#current === null) throw new Error("no executor runs");
    return this.#current.clock;
  }

  /** Spawns that are under way where the executor runs. */
  get spawning(): number {
    return this.#current?.host.spawning ?? 0;
  }

  /** What lies on the disk of the executor that can be reached now, and whether that is too much (I-6). */
  get disk(): { readonly files: number; readonly isTooFull: boolean } {
    const { files, bytes } = this.#current?.host.spill ?? { files: 0, bytes: 0 };
    const { spillBytesPerSession } = this.#retention();
    const sessions = this.executor?.counts.sessions ?? 0;
    return { files, isTooFull: spillBytesPerSession !== undefined && bytes > spillBytesPerSession * sessions };
  }

  /** Until when the executor is suspended, or was. */
  get suspendedUntilMs(): number {
    return this.#current?.clock.suspendedUntilMs ?? 0;
  }

  /** The executor does not run for a while; nor does any of its processes. */
  suspend(untilMs: number): void {
    this.#current?.clock.suspend(untilMs);
  }

  /** Hands one end of a link to the executor. */
  accept(link: SimLink): void {
    this.#current?.links.push(link);
    void this.#current?.executor.accept(link.executor);
  }

  /** The process of that name, in whichever incarnation it ran. */
  child(name: string): SimChild | undefined {
    for (const host of this.hosts) {
      const child = host.children.get(name);
      if (child !== undefined) return child;
    }
    return undefined;
  }

  /** How often a name was spawned at all. */
  spawns(name: string): number {
    return this.hosts.reduce((sum, host) => sum + (host.spawns.get(name) ?? 0), 0);
  }

  /** How often a file was written. */
  fileWrites(path: string): number {
    return this.hosts.reduce((sum, host) => sum + (host.memory.writes.get(path) ?? 0), 0);
  }

  /** Ends the executor, in order or at once, and starts another one `downMs` after that. */
  restart(downMs: number, crashes: boolean): void {
    const old = this.#current;
    if (old === null) return;
    this.#current = null;
    const { book } = this.#options.watch;
    if (this.#journal !== undefined) book.siteLeaves((sessionId) => this.#journal?.sessions.has(sessionId) === true);
    else book.siteEnds(crashes ? 0 : stopGraceMs);
    const startAgain = () => {
      this.#options.clock.setTimeout(() => {
        this.#current = this.#start();
        book.siteReturns();
        this.#options.trace("executor is up again");
      }, downMs);
    };
    this.#options.trace(crashes ? "executor crashes" : "executor stops");
    if (!crashes) return void old.executor.close().then(startAgain, this.#options.fault);
    old.clock.crash();
    old.host.crash();
    for (const link of old.links) link.crashExecutor();
    startAgain();
  }

  #start(): Incarnation {
    const { seed, sessionTtlMs, program, trace, watch, actorWatch, fault } = this.#options;
    const clock = new ProgramClock(this.#options.clock);
    const host = new SimHost({
      clock,
      program,
      trace,
      signalled: (name: string, signal: ChildSignal) => watch.signalled(name, signal),
      journal: this.#journal,
    });
    this.#startedAtMs = clock.now();
    this.hosts.push(host);
    const random = new SeededRandom(seed, `executor ${this.hosts.length}`);
    const output = this.#retention();
    const executor = new Executor(host, { clock, random, sessionTtlMs, output, watch: actorWatch, onFault: fault });
    return { executor, host, clock, links: [] };
  }

  #retention(): OutputRetention {
    const { keepsLittle, isPlain } = this.#options;
    if (isPlain) return { memoryBytes: leastBytes, spillBytesPerSession: 0, whenFull: "newest" };
    return keepsLittle ? { memoryBytes: leastBytes, spillBytesPerSession: leastBytes } : {};
  }
}
