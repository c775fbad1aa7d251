import { HistoryLog } from "./history-log.ts";
import type { Hub } from "./hub.ts";
import { machineHashes } from "./machine-hash.ts";
import type { HeaderRecord } from "./records.ts";
import { version } from "./version.ts";
import type { WatchedActor } from "./watched-actor.ts";

/** How the history of a program is introduced. */
export interface HistoryTitle {
  readonly side: HeaderRecord["side"];
  /** What a person calls it; may become known late. */
  title: string;
}

/** Every so often it is looked what has changed besides the machines, and told to whoever watches. */
const pulseMs = 50;
/** Every so often the program as a whole is looked at. */
const countersMs = 1_000;
/** So many actors are asked for their facts at one pulse: those first of whom something was heard. */
const factsPerPulse = 1_000;
/** The history goes on for so long after the last one who watched, who may have reloaded the page. */
const afterglowMs = 10_000;

/** Somebody who watches. */
export interface Watcher {
  /** Something may have happened. */
  pulse(log: HistoryLog): void;
  /** Something has become of an actor whose output may not be kept for long; it is in the middle of that. */
  printed?(actor: WatchedActor): void;
}

/**
 * Keeps the history of a hub while somebody watches, and for a moment after. Without watchers nothing is observed, remembered or
 * timed.
 */
export class Observatory implements Disposable {
  readonly hub: Hub;
  readonly title: HistoryTitle;
  readonly #began: { readonly ms: number; readonly at: string };
  readonly #watchers = new Set<Watcher>();
  /** Counts the histories, so that whoever comes back can tell whether it is still the same one. */
  #histories = 0;
  #log: HistoryLog | null = null;
  #timer: unknown = null;
  #lastWatchedMs = 0;
  #counters: Counters | null = null;
  #isOver = false;

  constructor(hub: Hub, title: HistoryTitle) {
    this.hub = hub;
    this.title = title;
    const { clock } = hub;
    this.#began = { ms: clock.now(), at: new Date(clock.wallNow?.() ?? clock.now()).toISOString() };
  }

  /** The first line of its recordings. */
  get header(): HeaderRecord {
    const { side, title } = this.title;
    return {
      kind: "header",
      v: 1,
      proctor: version(),
      side,
      title,
      startedAt: this.#began.at,
      machines: machineHashes(),
    };
  }

  /** The number of the present history, from 1; 0: there is none. */
  get history(): number {
    return this.#log === null ? 0 : this.#histories;
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Lets somebody watch from now on, until the result is disposed of. */
  watch(watcher: Watcher): { readonly log: HistoryLog } & Disposable {
    if (this.#isOver) throw new Error("the inspector is closed");
    const log = this.#begin();
    this.#watchers.add(watcher);
    return {
      log,
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher);
        this.#lastWatchedMs = this.hub.clock.now();
      },
    };
  }

  /** Looks what has changed, and tells it; by itself this happens twenty times a second. */
  pulse(): void {
    const log = this.#log;
    if (log === null) return;
    log.letGo();
    const now = this.hub.clock.now();
    if (this.#counters === null || now - this.#counters.atMs >= countersMs) {
      this.#counters = countersOf(this.hub, this.#counters, this.title.side);
      log.record(JSON.stringify({ kind: "counters", t: log.now, counters: this.#counters.shown }), log.now);
      for (const actor of this.hub.actors) log.stirred.add(actor);
    }
    tellFacts(log);
    for (const watcher of this.#watchers) watcher.pulse(log);
  }

  /** Forgets everything and observes nothing any more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#end();
  }

  #begin(): HistoryLog {
    if (this.#log !== null) return this.#log;
    this.#histories += 1;
    this.#log = new HistoryLog(this.hub, this.#began.ms, (actor) => {
      for (const watcher of this.#watchers) watcher.printed?.(actor);
    });
    this.#beat();
    return this.#log;
  }

  #beat(): void {
    this.#timer = this.hub.clock.setTimeout(() => {
      const isWatched = this.#watchers.size > 0;
      if (!isWatched && this.hub.clock.now() - this.#lastWatchedMs >= afterglowMs) return this.#end();
      this.#beat();
      this.hub.guard(() => this.pulse());
    }, pulseMs);
  }

  #end(): void {
    if (this.#timer !== null) this.hub.clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#log?.[Symbol.dispose]();
    this.#log = null;
    this.#counters = null;
  }
}

function tellFacts(log: HistoryLog): void {
  let asked = 0;
  for (const actor of log.stirred) {
    if (asked >= factsPerPulse) return;
    asked += 1;
    log.stirred.delete(actor);
    const facts = actor.newFacts();
    const t = log.now;
    if (facts !== null) log.record(`{"kind":"facts","t":${t},"actor":${actor.number},"facts":${facts}}`, t, actor);
  }
}

interface Counters {
  readonly atMs: number;
  readonly outputBytes: number;
  readonly shown: Readonly<Record<string, number>>;
}

function countersOf(hub: Hub, former: Counters | null, side: HeaderRecord["side"]): Counters {
  const shown: Record<string, number> = {
    // A simulation is the same on every machine, and so is its recording.
    ...(side !== "simulation" && { memoryBytes: process.memoryUsage.rss() }),
    processes: 0,
    sessions: 0,
    connections: 0,
    links: 0,
    outputBytesPerSecond: 0,
    queuedBytes: 0,
  };
  const plural: Readonly<Record<string, string>> = {
    process: "processes",
    session: "sessions",
    connection: "connections",
    link: "links",
  };
  let outputBytes = 0;
  let queuedBytes = 0;
  for (const { machine, entity } of hub.actors) {
    const name = plural[machine];
    if (name !== undefined) shown[name] = (shown[name] ?? 0) + 1;
    const load = entity.load?.();
    outputBytes += load?.outputBytes ?? 0;
    queuedBytes += load?.queuedBytes ?? 0;
  }
  const atMs = hub.clock.now();
  // What has ended takes its count along: then this says too little for one second.
  const grown = former === null ? 0 : Math.max(0, outputBytes - former.outputBytes);
  const seconds = former === null ? 1 : Math.max(0.001, (atMs - former.atMs) / 1_000);
  shown.outputBytesPerSecond = Math.round(grown / seconds);
  shown.queuedBytes = queuedBytes;
  return { atMs, outputBytes, shown };
}
