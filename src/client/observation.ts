import { map, type Observable } from "rxjs";
import type { LinkState } from "../actors/link-state.ts";
import type { ObservationActor } from "../actors/observation-actor.ts";
import type { ObservedProcessActor } from "../actors/observed-process-actor.ts";
import { ObservedProcess } from "./observed-process.ts";

/** What an observation tells of its connection. */
export type ObservationState = Omit<LinkState, "sessionId">;

/**
 * Somebody else's session, read-only. Made by `observe()`; close it, or let `await using` do so, and nobody notices. A lost
 * connection is a pause, as for a link. When the session is over its processes end here too, and the observation is Closed.
 */
export class Observation implements AsyncDisposable {
  /** The processes, those that are there now first, each once; completes when the session is over. */
  readonly processes$: Observable<ObservedProcess>;
  readonly #actor: ObservationActor;
  readonly #handles = new WeakMap<ObservedProcessActor, ObservedProcess>();

  /** Made by `observe()`. */
  constructor(actor: ObservationActor) {
    this.#actor = actor;
    this.processes$ = actor.processes$.pipe(map((process) => this.#handleOf(process)));
  }

  /** The processes whose end was not seen yet, in the order of their starts. */
  get processes(): readonly ObservedProcess[] {
    return this.#actor.processes.map((process) => this.#handleOf(process));
  }

  /** The states of the connection, the present one first. */
  get state$(): Observable<ObservationState> {
    return this.#actor.link.state$.pipe(map(withoutSession));
  }

  /** The present state. */
  get state(): ObservationState {
    return withoutSession(this.#actor.link.state);
  }

  /** Resolves when the session is over, or the observation was closed; rejects when the connection is lost for good. */
  get ended(): Promise<void> {
    return this.#actor.ended;
  }

  /** Ends the observation, and nothing else. Idempotent. */
  close(): Promise<void> {
    return this.#actor.link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #handleOf(process: ObservedProcessActor): ObservedProcess {
    const handle = this.#handles.get(process) ?? new ObservedProcess(process);
    this.#handles.set(process, handle);
    return handle;
  }
}

/** An observer's own session is empty and over; its id means nothing. */
function withoutSession({ value, generation, reason }: LinkState): ObservationState {
  return { value, generation, reason };
}
