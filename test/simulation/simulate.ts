import { createHash } from "node:crypto";
import { VirtualClock } from "../virtual-clock.ts";
import { chance } from "./chance.ts";
import { checkAtEnd, checkHealed, checkOver } from "./invariants.ts";
import type { Fault, Operation, Program, Scenario } from "./scenario.ts";
import { horizonMs } from "./scenarios.ts";
import { SimClient } from "./sim-client.ts";
import { SimObserver } from "./sim-observer.ts";
import { SimPath } from "./sim-path.ts";
import { SimSite } from "./sim-site.ts";
import { SimThief } from "./sim-thief.ts";
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
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const world = new World(scenario);
  const unhandled = (error: unknown) => world.violate("10", `a rejection that nobody handles: ${textOf(error)}`);
  process.on("unhandledRejection", unhandled);
  try {
    await world.run();
  } finally {
    process.off("unhandledRejection", unhandled);
  }
  return world.outcome;
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
  /** Processes whose start is given up at some moment, before or after it has succeeded. */
  readonly abortedNames = new Set<string>();
  readonly #trace: string[] = [];
  readonly #violations: string[] = [];
  readonly #names = new Map<Operation, string>();
  readonly #programs = new Map<string, Program>();
  readonly #observerPaths: ((name: string) => SimPath)[] = [];
  #steps = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { seed, latencyMs, byteWeight, sessionTtlMs, keepsLittle } = scenario;
    let timers = 0;
    const tieBreak = () => chance(seed, "tie", timers++);
    const clock = new VirtualClock(scenario.shuffles ? { tieBreak } : {});
    const trace = (text: string) => this.trace(text);
    const violate = (invariant: string, text: string) => this.violate(invariant, text);
    const fault = (error: unknown) => this.violate("10", `a fault inside: ${textOf(error)}`);
    this.clock = clock;
    this.#nameStarts();
    const program = (name: string) => this.#program(name);
    const site = new SimSite({ clock, seed, sessionTtlMs, keepsLittle, program, trace, fault });
    this.site = site;
    const nameOf = (start: Operation) => this.#names.get(start) ?? "nothing";
    const watch = new WireWatch({ clock, sessionTtlMs, violate });
    this.clients = Array.from({ length: scenario.clients }, (_, client) => {
      const name = `c${client}`;
      const cuts = scenario.faults.filter((one) => one.type === "cutOnMessage" && one.client === client);
      const pathTo = (more: { name: string; cuts: CutFault[] }) =>
        new SimPath({ clock, seed, site, watch, latencyMs, byteWeight, trace, ...more });
      const path = pathTo({ name, cuts: cuts as CutFault[] });
      this.thieves.push(pathTo({ name: `thief of ${name}`, cuts: [] }));
      this.observers.push([]);
      this.#observerPaths.push((observer) => pathTo({ name: observer, cuts: [] }));
      return new SimClient({ name, seed, clock, path, site, nameOf, trace, violate, fault });
    });
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
      const apply = () => (operation.type === "observe" ? this.#observe(operation.client) : client?.apply(operation));
      this.clock.setTimeout(apply, operation.at);
    }
    for (const fault of this.scenario.faults) {
      if (fault.type !== "cutOnMessage") this.clock.setTimeout(() => this.#strike(fault), fault.at);
    }
    await this.#runUntil(horizonMs);
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
      this.clock.step();
      await settled();
    }
    if (this.clock.now() < endMs && this.#violations.length === 0) this.clock.advance(endMs - this.clock.now());
  }

  #strike(fault: Fault): void {
    const path = this.clients[fault.client]?.path;
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
        return path?.hold(fault.direction === "both" ? ["up", "down"] : [fault.direction], untilMs);
      case "refuse":
        return path?.refuse(untilMs);
      case "hang":
        return path?.hang(untilMs);
      case "restart":
        return this.site.restart(fault.forMs, fault.crashes);
      case "steal":
        return this.#steal(fault.client, fault.forMs);
      case "stall":
        return this.clock.stall(fault.forMs);
      case "cutOnMessage":
        return; // the link strikes by itself
    }
  }

  #observe(client: number): void {
    const observed = this.clients[client];
    const pathTo = this.#observerPaths[client];
    const observers = this.observers[client];
    if (observed?.link?.state.value !== "Connected" || pathTo === undefined || observers === undefined) return;
    const name = `o${observers.length} of ${observed.name}`;
    const observer = new SimObserver({
      name,
      seed: this.scenario.seed,
      clock: this.clock,
      path: pathTo(name),
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

  #steal(client: number, forMs: number): void {
    const path = this.thieves[client];
    const sessionId = this.clients[client]?.link?.state.sessionId;
    if (path === undefined || sessionId === undefined || sessionId === null) return;
    void new SimThief(this.clock, path, sessionId, forMs).steal();
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

/** Lets everything happen that is possible without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
