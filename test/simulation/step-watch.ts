import { callLimits } from "../../src/actors/call-table.ts";
import type { FollowedProcess } from "./followed-process.ts";
import type { SimClient } from "./sim-client.ts";
import type { World } from "./simulate.ts";

/** From a kill to the death of what was killed, then the same for what has fled from it, and one tick more. */
const dyingMs = 11;
/** From the loss of a connection to giving up (03 `RECOVERY_DEADLINE`). */
const recoveryMs = 25_000;
/** Fewer than the timers that one process, session, connection or call may have. */
const timersEach = 8;

/** What a client was like after the step before. */
interface Former {
  generation: number;
  recoversSinceMs: number | null;
  /** What it followed when it lost its connection. */
  followed: readonly FollowedProcess[];
  failure: string | null;
  dials: number;
}

/** Holds after every step what can be seen at any moment. */
export class StepWatch {
  readonly #world: World;
  readonly #former = new Map<SimClient, Former>();

  constructor(world: World) {
    this.#world = world;
  }

  /** One step is done, and all that it entailed. */
  check(): void {
    for (const client of this.#world.clients) if (!client.isDead) this.#checkLink(client);
    this.#checkExpired();
    this.#checkBounds();
  }

  #checkLink(client: SimClient): void {
    const { link, name } = client;
    if (link === null) return;
    const { value, generation, reason } = link.state;
    const former = this.#formerOf(client);
    const isNew = generation !== former.generation;
    if (generation < former.generation)
      this.#violate("I-19", `${name} goes from connection ${former.generation} to ${generation}`);
    if (former.failure !== null && reason !== former.failure) this.#violate("I-24", `${name} failed twice: ${reason}`);
    if (former.failure !== null && client.path.dials > former.dials)
      this.#violate("I-24", `${name} dials though it failed`);
    if (value === "Recovering") this.#checkRecovering(client, former);
    if (value === "Connected" && isNew) this.#checkInstalled(client, former);
    if (value === "Connected") former.followed = [...client.followed];
    former.generation = generation;
    former.recoversSinceMs = value === "Recovering" ? (former.recoversSinceMs ?? this.#world.clock.now()) : null;
    former.failure = value === "Failed" ? reason : null;
    former.dials = client.path.dials;
  }

  /** It gives up in time, and says nothing on a candidate but what belongs to the resumption. */
  #checkRecovering(client: SimClient, { recoversSinceMs }: Former): void {
    const { clock, watch, stalledUntilMs } = this.#world;
    const awakeSinceMs = Math.max(client.suspendedUntilMs, stalledUntilMs);
    const overdue = recoversSinceMs !== null && clock.now() > recoversSinceMs + recoveryMs;
    if (overdue && clock.now() > awakeSinceMs)
      this.#violate("I-22", `${client.name} recovers for more than ${recoveryMs} ms`);
    const candidate = client.path.links.at(-1);
    if (candidate?.client.isHeld !== true) return;
    const call = watch.firstCallOver(candidate.name);
    if (call !== null)
      this.#violate("I-20", `${client.name} calls ${call} over ${candidate.name}, which is a candidate`);
  }

  /** Every process that was followed before has been read over the new connection, and what was read is published. */
  #checkInstalled(client: SimClient, { followed, generation }: Former): void {
    const { watch } = this.#world;
    const link = client.path.links.findLast(({ name }) => watch.hasInitialized(name));
    if (link === undefined || generation === 0) return;
    for (const { name, process, isClosed, error, lastSeq } of followed) {
      if (isClosed || error !== null) continue;
      const target = watch.readUpTo(link.name, process.processId);
      if (target === undefined || lastSeq < target) {
        this.#violate(
          "I-21",
          `${link.name} is in use, ${name} is known up to ${lastSeq} of ${target ?? "an unknown number"}`,
        );
      }
    }
  }

  /** Nothing of a session outlives it (I-14, and "6" of the simulation). */
  #checkExpired(): void {
    const { watch, site, clock, stalledUntilMs } = this.#world;
    for (const tenure of watch.book.sessions.values()) {
      const endMs = watch.book.endOf(tenure);
      if (endMs === null) continue;
      for (const name of tenure.processes.values()) {
        const child = site.child(name);
        if (child?.isAlive !== true) continue;
        const sinceMs = Math.max(endMs, child.bornAtMs, stalledUntilMs, site.suspendedUntilMs);
        if (clock.now() > sinceMs + dyingMs)
          this.#violate("6", `${name} is alive at ${clock.now()}, its session ended at ${endMs}`);
      }
    }
  }

  /** What there is is bounded by what was asked for (I-28, and "7" of the simulation). */
  #checkBounds(): void {
    const { site, clock, scenario, clients, thieves } = this.#world;
    const owners = [...clients, ...this.#world.observers.flat()];
    const links = [...owners.map(({ path }) => path), ...thieves].reduce((sum, path) => sum + path.links.length, 0);
    const counts = site.executor?.counts;
    const starts = scenario.operations.filter(({ type }) => type === "start").length;
    if (counts !== undefined && (counts.connections > links || counts.sessions > links || counts.processes > starts)) {
      this.#violate("7", `the executor has ${JSON.stringify(counts)} of ${links} links and ${starts} starts`);
    }
    if (site.disk.isTooFull) this.#violate("I-6", "more is on disk than the sessions may put there");
    const entities = links + scenario.operations.length + scenario.faults.length + clients.length + 1;
    const most = timersEach * entities + callLimits.inFlight * owners.length;
    if (clock.pending > most) this.#violate("7", `${clock.pending} timers wait`);
  }

  #violate(invariant: string, text: string): void {
    this.#world.violate(invariant, text);
  }

  #formerOf(client: SimClient): Former {
    const known = this.#former.get(client);
    if (known !== undefined) return known;
    const former: Former = { generation: 0, recoversSinceMs: null, followed: [], failure: null, dials: 0 };
    this.#former.set(client, former);
    return former;
  }
}
