import type { AnyActor, AnyEventObject, InspectionEvent, Observer } from "xstate";
import type { ActorWatch, WatchedEntity } from "../actors/actor-watch.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { Causes, type Doing } from "./causes.ts";
import { machineFailed } from "./heard-event.ts";
import { type SeenSnapshot, WatchedActor } from "./watched-actor.ts";

/** Hears what happens to all actors of a hub, in order. Must not change them from inside. */
export interface HubListener {
  /** Exists, and is about to start. */
  created(actor: WatchedActor): void;
  /**
   * Has heard an event; `actor.snapshot` is what came of it.
   * @param isTaken false: the event was ignored
   * @param cause what led to it at once; `null`: nothing that is watched
   */
  transitioned(
    actor: WatchedActor,
    event: AnyEventObject,
    isTaken: boolean,
    former: SeenSnapshot,
    cause: Doing | null,
  ): void;
  /** Has come to its end; nothing more is told of it. */
  departed(actor: WatchedActor): void;
}

/**
 * Knows every actor of one program, or of one part of it. While nobody listens it only keeps the register: an entry when an
 * actor is created, none when it has ended. With the first listener it begins to observe them all, and with the last one it ends.
 */
export class Hub implements ActorWatch {
  readonly clock: Clock;
  readonly #actors = new Map<object, WatchedActor>();
  /** Their machines are at the end, and their last events still to be told. */
  readonly #ending = new Set<WatchedActor>();
  readonly #listeners = new Set<HubListener>();
  readonly #causes = new Causes();
  #created = 0;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** Those that exist. */
  get actors(): Iterable<WatchedActor> {
    return [...this.#ending, ...this.#actors.values()];
  }

  /** How many there are. */
  get size(): number {
    return this.#actors.size + this.#ending.size;
  }

  /** How many actors are observed: none while nobody listens. */
  get observed(): number {
    let observed = 0;
    for (const { subscription } of this.#actors.values()) if (subscription !== null) observed += 1;
    return observed;
  }

  /** The actor with a number, if it has not ended. */
  find(number: number): WatchedActor | undefined {
    for (const actor of this.#actors.values()) if (actor.number === number) return actor;
    return undefined;
  }

  created(ref: AnyActor, entity: WatchedEntity, ownedBy: object | null): void {
    this.#created += 1;
    const owner = ownedBy === null ? undefined : this.#actors.get(ownedBy);
    const actor = new WatchedActor(this.#created, ref, entity, owner?.number ?? null, this.clock.now());
    this.#actors.set(entity, actor);
    if (this.#listeners.size === 0) return;
    this.guard(() => {
      this.#observe(actor);
      for (const listener of this.#listeners) listener.created(actor);
    });
  }

  ended(entity: WatchedEntity): void {
    const actor = this.#actors.get(entity);
    if (actor === undefined) return;
    this.#actors.delete(entity);
    actor.isEnding = true;
    if (actor.subscription === null) return;
    this.#ending.add(actor);
    // What fails says nothing more; what is done tells of its last event next.
    if (actor.present.status === "error") {
      this.guard(() => this.#transitioned(actor, { type: machineFailed }, actor.present, this.#causes.handled(actor)));
    }
  }

  because<Result>(entity: WatchedEntity, request: string, act: () => Result): Result {
    const actor = this.#listeners.size === 0 ? undefined : this.#actors.get(entity);
    return actor === undefined ? act() : this.#causes.because({ actor, type: request }, act);
  }

  /** Listens from now on to all actors, those included that exist. Ends when the result is disposed of. */
  listen(listener: HubListener): Disposable {
    if (this.#listeners.size === 0) for (const actor of this.#actors.values()) this.#observe(actor);
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#leaveAll();
      },
    };
  }

  /**
   * Does something for those who watch. Should it fail, which is a fault of ours, nobody watches any more and a warning of the program
   * says so: what is watched must not suffer from it.
   */
  guard(act: () => void): void {
    try {
      act();
    } catch (cause) {
      this.#listeners.clear();
      this.#leaveAll();
      const text = cause instanceof Error ? cause.stack : String(cause);
      process.emitWarning(`the inspector has failed, and shows nothing any more: ${text}`);
    }
  }

  #leaveAll(): void {
    for (const actor of [...this.#actors.values(), ...this.#ending]) this.#leave(actor);
    this.#ending.clear();
  }

  #observe(actor: WatchedActor): void {
    actor.snapshot = actor.present;
    actor.isTaken = false;
    const observer: Observer<InspectionEvent> = {
      next: (event) => this.guard(() => this.#heard(actor, event)),
    };
    actor.subscription = actor.ref.system.inspect(observer);
  }

  #leave(actor: WatchedActor): void {
    actor.subscription?.unsubscribe();
    actor.subscription = null;
  }

  #heard(actor: WatchedActor, event: InspectionEvent): void {
    if (event.actorRef !== actor.ref) return; // an attempt that it has invoked
    if (event.type === "@xstate.event") {
      this.#causes.arrived(actor, event.event.type);
    } else if (event.type === "@xstate.microstep") {
      if (event._transitions.length > 0) actor.isTaken = true;
    } else if (event.type === "@xstate.snapshot") {
      const cause = this.#causes.handled(actor);
      this.#transitioned(actor, event.event, event.snapshot as SeenSnapshot, cause); // that of a machine
    }
  }

  #transitioned(actor: WatchedActor, event: AnyEventObject, snapshot: SeenSnapshot, cause: Doing | null): void {
    const { snapshot: former, isTaken } = actor;
    actor.snapshot = snapshot;
    actor.isTaken = false;
    // It began in the state with which it was created.
    if (event.type !== "xstate.init") {
      for (const listener of this.#listeners) listener.transitioned(actor, event, isTaken, former, cause);
    }
    if (!actor.isEnding) return;
    this.#ending.delete(actor);
    this.#leave(actor);
    for (const listener of this.#listeners) listener.departed(actor);
  }
}
