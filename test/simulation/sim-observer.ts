import type { ActorWatch } from "../../src/actors/actor-watch.ts";
import type { RemoteEvent } from "../../src/actors/event-order.ts";
import { ProcessGoneError, SessionEndedError } from "../../src/actors/observation-errors.ts";
import type { Observation } from "../../src/client/observation.ts";
import { observe } from "../../src/client/observe.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { SeededRandom } from "./chance.ts";
import type { SimChild } from "./sim-child.ts";
import type { SimPath } from "./sim-path.ts";

/** What an observer needs of its world. */
export interface SimObserverOptions {
  readonly name: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly path: SimPath;
  readonly watch: ActorWatch | undefined;
  /** What ran under an id of the observed session, as far as its client knows. */
  childOf(processId: string): SimChild | undefined;
  trace(text: string): void;
  violate(invariant: string, text: string): void;
  fault(error: unknown): void;
}

interface Watched {
  readonly processId: string;
  readonly events: RemoteEvent[];
  end: "open" | "closed" | { readonly error: unknown };
}

/** Somebody who observes the session of a client, and follows everything there: what it saw is exact, or marked. */
export class SimObserver {
  readonly name: string;
  readonly path: SimPath;
  observation: Observation | null = null;
  /** What became of the observation. */
  outcome: "pending" | "refused" | "observing" | "over" = "pending";
  readonly #options: SimObserverOptions;
  readonly #watched: Watched[] = [];

  constructor(options: SimObserverOptions) {
    this.#options = options;
    this.name = options.name;
    this.path = options.path;
  }

  /** Begins, and follows the session until it is over. */
  async observe(observerKey: string): Promise<void> {
    const { clock, seed, fault, path, watch, trace } = this.#options;
    const random = new SeededRandom(seed, this.name);
    try {
      this.observation = await observe({ dial: path.dial }, observerKey, { clock, random, watch, onFault: fault });
    } catch (error) {
      this.outcome = "refused"; // the session, or the executor, is gone by now
      trace(`${this.name} is refused: ${String(error)}`);
      return;
    }
    this.outcome = "observing";
    const over = (text: string) => () => {
      this.outcome = "over";
      trace(`${this.name} is over: ${text}`);
    };
    this.observation.state$.subscribe(({ value, generation }) => trace(`${this.name}: ${value} ${generation}`));
    this.observation.ended.then(over("the session ended"), over("the link failed"));
    this.observation.processes$.subscribe({
      next: ({ processId, events$ }) => {
        const isKnown = this.#watched.some((watched) => watched.processId === processId);
        if (isKnown) this.#violate("I-2", `${processId} is told twice`);
        const watched: Watched = { processId, events: [], end: "open" };
        this.#watched.push(watched);
        events$.subscribe({
          next: (event) => this.#saw(watched, event),
          error: (error: unknown) => {
            watched.end = { error };
          },
          complete: () => {
            watched.end = "closed";
            trace(`${this.name} sees the close of ${processId} after ${watched.events.length} events`);
          },
        });
      },
      error: () => undefined, // `ended` has told it
    });
  }

  /** What it saw so far is what happened, number by number. */
  checkTrue(): void {
    for (const watched of this.#watched) {
      const child = this.#options.childOf(watched.processId);
      if (child !== undefined) for (const event of watched.events) this.#checkEvent(watched, event, child);
    }
  }

  /** Long after the last fault, with a connection that is in order: it has seen all that has happened. */
  checkCurrent(): void {
    for (const { processId, events, end } of this.#watched) {
      const last = events.at(-1);
      const seen = last?.seq ?? 0;
      const happened = this.#options.childOf(processId)?.deeds.length ?? 0;
      if (end === "open" && seen < happened) {
        this.#violate("I-1", `${processId} has done ${happened} things, and ${seen} were seen`);
      }
    }
  }

  /** After every program has finished, with a connection that is in order: the end of each process was seen. */
  checkComplete(): void {
    for (const { processId, end } of this.#watched) {
      const child = this.#options.childOf(processId);
      if (end === "open" && child?.isOver === true) this.#violate("I-1", `${processId} is over, and it waits`);
    }
  }

  /** Ends have one of the reasons that there are. */
  checkEnds(): void {
    for (const { processId, end } of this.#watched) {
      if (end === "open") this.#violate("I-18", `${processId} never ends for it`);
      if (end === "open" || end === "closed") continue;
      const { error } = end;
      const isKnown = error instanceof SessionEndedError || error instanceof ProcessGoneError;
      if (!isKnown && this.observation?.state.value !== "Failed") {
        this.#violate("I-4", `${processId} is lost to it: ${String(error)}`);
      }
    }
  }

  /** In order, each number once, in a gap or by itself. */
  #saw(watched: Watched, event: RemoteEvent): void {
    const last = watched.events.at(-1);
    const next = (last?.seq ?? 0) + 1;
    const seq = event.type === "gap" ? event.fromSeq : event.seq;
    if (watched.end !== "open") this.#violate("I-2", `${watched.processId}: number ${seq} after the end`);
    if (seq !== next) this.#violate("I-2", `${watched.processId}: number ${seq} where ${next} was due`);
    if (event.type === "gap" && event.toSeq < next) this.#violate("I-4", `${watched.processId}: an empty gap`);
    watched.events.push(event);
  }

  #checkEvent({ processId }: Watched, event: RemoteEvent, child: SimChild): void {
    if (event.type === "gap") return;
    const deed = child.deeds[event.seq - 1];
    const isTrue =
      event.type === "closed"
        ? child.isOver && event.seq === child.deeds.length + 1
        : event.type === "exited"
          ? deed?.type === "exited" && deed.exitCode === event.exitCode
          : deed?.type === "output" && deed.stream === event.stream && Buffer.compare(deed.bytes, event.bytes) === 0;
    if (!isTrue) this.#violate("I-1", `${processId}: ${event.type} ${event.seq} is not what happened`);
  }

  #violate(invariant: string, text: string): void {
    this.#options.violate(invariant, `${this.name}: ${text}`);
  }
}
