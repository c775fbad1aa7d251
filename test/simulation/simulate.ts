import { createHash } from "node:crypto";
import type { ActorWatch } from "../../src/actors/actor-watch.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { chance } from "./chance.ts";
import { checkAtEnd, checkHealed, checkOver } from "./invariants.ts";
import { ProgramClock } from "./program-clock.ts";
import type { Fault, Operation, Program, Scenario } from "./scenario.ts";
import { healingAtMs } from "./scenarios.ts";
import { SimClient } from "./sim-client.ts";
import type { Direction } from "./sim-lane.ts";
import { SimObserver } from "./sim-observer.ts";
import { SimPath } from "./sim-path.ts";
import { SimSite } from "./sim-site.ts";
import { SimThief } from "./sim-thief.ts";
import { StepWatch } from "./step-watch.ts";
import { tameChance } from "./tamed-chance.ts";
import { WireWatch } from "./wire-watch.ts";

/** What a run came to. */
export interface Outcome {
  /** What was wrong, first things first; nothing, if all is well. */
  readonly violations: readonly string[];
  /** Everything that happened, one line each, with its time. */
  readonly trace: readonly string[];
  /** Two runs with the same hash did the same. */
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
}

/** More steps than any sane run takes. */
const mostSteps = 200_000;
/** Detection, recovery and all time-outs fit in here. */
const healingMs = 45_000;
/** Programs that were told to finish have finished after this. */
const finishingMs = 12_000;
/** After this an executor has forgotten everything: it has noticed that a peer is dead, and its sessions have expired. */
const forgettingMs = 130_000;

/** Runs a scenario from its first step to the quiet after its end, and checks every invariant on the way. */
export async function simulate(scenario: Scenario, spectator?: (world: World) => Spectator): Promise<Outcome> {
  const world = new World(scenario, spectator);
  const fault = (error: unknown) => world.violate("10", `an error that nobody hears of: ${textOf(error)}`);
  using _ = tameChance(scenario.seed, world.clock, fault);
  await world.run();
  return world.outcome;
}

/** Somebody who watches a run, and changes nothing. */
export interface Spectator {
  readonly watch: ActorWatch;
  /** A step is done, and all that it entailed. */
  stepped(): void;
}

/** Everything that takes part in one run. */
export class World {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly site: SimSite;
  readonly clients: readonly SimClient[];
  /** By client, the path of whoever is after its session. */
  readonly thieves: SimPath[] = [];
  /** By client, those who observe its session. */
  readonly observers: SimObserver[][] = [];
  readonly watch: WireWatch;
  /** When the last suspension of everything ended. */
  stalledUntilMs = 0;
  /** Processes whose start is given up at some moment, before or after it has succeeded. */
  readonly abortedNames = new Set<string>();
  readonly #trace: string[] = [];
  readonly #violations: string[] = [];
  readonly #names = new Map<Operation, string>();
  readonly #programs = new Map<string, Program>();
  readonly #stepWatch: StepWatch;
  readonly #spectator: Spectator | undefined;
  readonly #pathFor: (name: string) => SimPath;
  #steps = 0;

  constructor(scenario: Scenario, spectator?: (world: World) => Spectator) {
    this.scenario = scenario;
    const { seed, sessionTtlMs, keepsLittle, isPlain, journals } = scenario;
    let timers = 0;
    const tieBreak = () => chance(seed, "tie", timers++);
    const clock = new VirtualClock(scenario.shuffles ? { tieBreak } : {});
    const trace = (text: string) => this.trace(text);
    const violate = (invariant: string, text: string) => this.violate(invariant, text);
    const fault = (error: unknown) => this.violate("10", `a fault inside: ${textOf(error)}`);
    this.clock = clock;
    this.#spectator = spectator?.(this);
    const watch = this.#spectator?.watch;
    this.#nameStarts();
    const program = (name: string) => this.#program(name);
    const wire = new WireWatch({ clock, sessionTtlMs, isPlain, violate });
    this.watch = wire;
    const site = new SimSite({
      clock,
      seed,
      sessionTtlMs,
      keepsLittle,
      isPlain,
      journals,
      watch: wire,
      actorWatch: watch,
      program,
      trace,
      fault,
    });
    this.site = site;
    const nameOf = (start: Operation) => this.#names.get(start) ?? "nothing";
    const { latencyMs, byteWeight, inPieces } = scenario;
    const ofAll = { clock, seed, site, watch: wire, byteWeight, inPieces, isPlain, trace, violate };
    this.#pathFor = (name) => new SimPath({ ...ofAll, name, program: new ProgramClock(clock), latencyMs, cuts: [] });
    this.clients = Array.from({ length: scenario.clients }, (_, client) => {
      const name = `c${client}`;
      const cuts = scenario.faults.filter((one) => one.type === "cutOnMessage" && one.client === client) as CutFault[];
      const programClock = new ProgramClock(clock);
      const path = new SimPath({ ...ofAll, name, program: programClock, latencyMs, cuts });
      // A thief is next door: it can tell to the millisecond when it is heard. Many of them share a path.
      const next = { latencyMs: [0, 0] as const, inPieces: false, cuts: [], violate: () => undefined };
      this.thieves.push(new SimPath({ ...ofAll, ...next, name: `thief of ${name}`, program: new ProgramClock(clock) }));
      this.observers.push([]);
      return new SimClient({ name, seed, clock: programClock, path, site, watch, nameOf, trace, violate, fault });
    });
    this.#stepWatch = new StepWatch(this);
  }

  get outcome(): Outcome {
    const hash = createHash("sha1").update(this.#trace.join("\n")).digest("hex");
    return { violations: this.#violations, trace: this.#trace, hash, steps: this.#steps, virtualMs: this.clock.now() };
  }

  trace(text: string): void {
    this.#trace.push(`${String(this.clock.now()).padStart(6)} ${text}`);
  }

  violate(invariant: string, text: string): void {
    this.trace(`VIOLATION ${invariant}: ${text}`);
    this.#violations.push(`${invariant}: ${text}`);
  }

  async run(): Promise<void> {
    for (const client of this.clients) client.connect();
    for (const operation of this.scenario.operations) {
      const client = this.clients[operation.client];
      if (operation.type === "observe") this.clock.setTimeout(() => this.#observe(operation.client), operation.at);
      else client?.schedule(() => client.apply(operation), operation.at);
    }
    for (const fault of this.scenario.faults) {
      if (fault.type !== "cutOnMessage") this.clock.setTimeout(() => this.#strike(fault), fault.at);
    }
    await this.#runUntil(healingAtMs);
    await this.#phase("everything heals", () => this.#heal(), healingMs, checkHealed);
    await this.#phase("programs finish", () => this.#finishPrograms(), finishingMs, checkOver);
    await this.#phase("links close", () => this.#closeLinks(), forgettingMs, checkAtEnd);
  }

  /** After the first violation nothing that follows means anything. */
  async #phase(name: string, begin: () => void, forMs: number, check: (world: World) => void): Promise<void> {
    if (this.#violations.length > 0) return;
    this.trace(name);
    begin();
    await this.#runUntil(this.clock.now() + forMs);
    if (this.#violations.length === 0) check(this);
  }

  #heal(): void {
    for (const client of this.clients) client.path.heal();
  }

  #closeLinks(): void {
    for (const client of this.clients) if (client.link !== null) client.close();
  }

  /** What runs for a client that is connected comes to its end by itself; all else is its executor's to end. */
  #finishPrograms(): void {
    for (const client of this.clients) {
      if (client.link?.state.value !== "Connected") continue;
      for (const { name } of client.followed) this.site.child(name)?.finishSoon();
    }
  }

  async #runUntil(endMs: number): Promise<void> {
    await settled();
    for (;;) {
      const next = this.clock.nextDeadline;
      if (next === null || next > endMs || this.#violations.length > 0) break;
      this.#steps += 1;
      if (this.#steps > mostSteps) return this.violate("7", "the run never comes to an end");
      this.#step();
      await settled();
      this.#stepWatch.check();
      this.#spectator?.stepped();
    }
    if (this.clock.now() < endMs && this.#violations.length === 0) this.clock.advance(endMs - this.clock.now());
  }

  #step(): void {
    try {
      this.clock.step();
    } catch (error) {
      this.violate("10", `something throws: ${textOf(error)}`);
    }
  }

  #strike(fault: Fault): void {
    const client = this.clients[fault.client];
    const path = client?.path;
    const untilMs = this.clock.now() + ("forMs" in fault ? fault.forMs : 0);
    this.trace(`${fault.type} c${fault.client}`);
    switch (fault.type) {
      case "cut":
        return path?.cut(fault.delivers);
      case "cutObservers":
        for (const observer of this.observers[fault.client] ?? []) observer.path.cut(fault.delivers);
        return;
      case "strand":
        return path?.strand();
      case "blackHole":
        return path?.hold(directionsOf(fault.direction), untilMs);
      case "slow":
        return path?.slow(directionsOf(fault.direction), untilMs, fault.rate);
      case "refuse":
        return path?.refuse(untilMs);
      case "hang":
        return path?.hang(untilMs);
      case "restart":
        return this.site.restart(fault.forMs, fault.crashes);
      case "steal":
        return this.#steal(fault);
      case "tie":
        return this.#tie(fault);
      case "stall":
        this.stalledUntilMs = untilMs;
        return this.clock.stall(fault.forMs);
      case "suspend":
        if (fault.who === "client") return client?.suspend(untilMs);
        this.site.suspend(untilMs);
        for (const { path: one } of [...this.clients, ...this.observers.flat()]) one.pathChanged();
        return;
      case "die":
        return client?.die(fault.isHeard);
      case "cutOnMessage":
        return; // the link strikes by itself
    }
  }

  /** Somebody with a program of their own begins to observe the session of a client that is connected. */
  #observe(client: number): void {
    const observed = this.clients[client];
    const observers = this.observers[client];
    const { seed, isPlain } = this.scenario;
    if (isPlain || observed?.link?.state.value !== "Connected" || observers === undefined) return;
    const name = `o${observers.length} of ${observed.name}`;
    const observer = new SimObserver({
      name,
      seed,
      clock: this.clock,
      path: this.#pathFor(name),
      watch: this.#spectator?.watch,
      childOf: (processId) => {
        const followed = observed.followed.find(({ process }) => process.processId === processId);
        return followed === undefined ? undefined : this.site.child(followed.name);
      },
      trace: (text) => this.trace(text),
      violate: (invariant, text) => this.violate(invariant, text),
      fault: (error) => this.violate("10", `a fault inside: ${textOf(error)}`),
    });
    observers.push(observer);
    this.trace(`${name} begins to observe`);
    void observer.observe(observed.link.observerKey);
  }

  #steal({ client, forMs, thieves, knowsIt }: Fault & { readonly type: "steal" }): void {
    const path = this.thieves[client];
    const sessionId = knowsIt ? this.clients[client]?.link?.state.sessionId : "6d1f0c1e-guessed";
    if (path === undefined || sessionId === undefined || sessionId === null) return;
    for (let thief = 0; thief < thieves; thief += 1) void new SimThief(this.clock, path, sessionId, forMs).steal();
  }

  /** Cuts the client off until its session is about to end, and lets somebody else ask for it then (F-72). */
  #tie({ client, offsetMs }: Fault & { readonly type: "tie" }): void {
    const path = this.clients[client]?.path;
    const sessionId = this.clients[client]?.link?.state.sessionId;
    const thieves = this.thieves[client];
    if (path === undefined || thieves === undefined || sessionId === undefined || sessionId === null) return;
    this.watch.book.whenDetached(sessionId, (deadlineMs) => {
      const atMs = deadlineMs + offsetMs;
      path.refuse(atMs + 1);
      new SimThief(this.clock, thieves, sessionId, 0).stealAt(atMs);
    });
    path.cut(false);
  }

  #nameStarts(): void {
    for (const operation of this.scenario.operations) {
      if (operation.type !== "start") continue;
      const { client, slot, at, program } = operation;
      let name = `c${client}-s${slot}-t${at}`;
      while (this.#programs.has(name)) name += "x";
      this.#names.set(operation, name);
      this.#programs.set(name, program);
      if (operation.abortAfterMs !== null) this.abortedNames.add(name);
    }
  }

  #program(name: string): Program {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`nobody wrote the program ${name}`);
    return program;
  }
}

type CutFault = Fault & { readonly type: "cutOnMessage" };

function directionsOf(direction: "up" | "down" | "both"): readonly Direction[] {
  return direction === "both" ? ["up", "down"] : [direction];
}

/** Lets everything happen that is possible without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
