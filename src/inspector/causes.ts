import { AsyncLocalStorage } from "node:async_hooks";
import type { WatchedActor } from "./watched-actor.ts";

/** What an actor is doing: it handles an event, or a request. */
export interface Doing {
  readonly actor: WatchedActor;
  /** The type of the event, or the method of the request. */
  readonly type: string;
}

/** An event on its way to an actor, and what led to it. */
interface Arrival {
  readonly type: string;
  readonly cause: Doing | null;
}

/**
 * Finds out what led to an event. An actor handles an event from beginning to end before whoever sent it goes on, so what it tells
 * others meanwhile, it tells because of that event. A request leads to what happens until it is answered, also behind an `await`;
 * what its effects, such as a child, do later comes from them.
 */
export class Causes {
  /** Who handles an event now, the innermost last. */
  readonly #handling: Doing[] = [];
  readonly #arrivals = new Map<WatchedActor, Arrival[]>();
  readonly #requests = new AsyncLocalStorage<Doing & { isAnswered: boolean }>();
  #isSettling = false;

  /** Does what a request asks for; it is answered when the result is there. */
  because<Result>(doing: Doing, act: () => Result): Result {
    const request = { ...doing, isAnswered: false };
    const answered = () => {
      request.isAnswered = true;
    };
    const result = this.#requests.run(request, act);
    if (result instanceof Promise) result.then(answered, answered);
    else answered();
    return result;
  }

  /** An event has come to an actor, which handles it at once, or after the one that it is handling. */
  arrived(actor: WatchedActor, type: string): void {
    const arrival = { type, cause: this.#handling.at(-1) ?? this.#request() };
    const waiting = this.#arrivals.get(actor);
    if (waiting !== undefined) return void waiting.push(arrival);
    this.#arrivals.set(actor, [arrival]);
    this.#handling.push({ actor, type });
    this.#settleAfterThisTurn();
  }

  /** An actor has handled an event: what led to it? */
  handled(actor: WatchedActor): Doing | null {
    const waiting = this.#arrivals.get(actor);
    const done = waiting?.shift();
    this.#leave(actor);
    const next = waiting?.[0];
    if (next === undefined) this.#arrivals.delete(actor);
    else this.#handling.push({ actor, type: next.type });
    return done?.cause ?? null;
  }

  #leave(actor: WatchedActor): void {
    const index = this.#handling.findLastIndex((doing) => doing.actor === actor);
    if (index >= 0) this.#handling.splice(index, 1);
  }

  #request(): Doing | null {
    const request = this.#requests.getStore();
    return request === undefined || request.isAnswered ? null : request;
  }

  /** Events are handled within a turn; what is left behind it was for an actor that had ended, or that failed. */
  #settleAfterThisTurn(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    queueMicrotask(() => {
      this.#isSettling = false;
      this.#handling.length = 0;
      this.#arrivals.clear();
    });
  }
}
