import { Observable, type Observer } from "rxjs";
import type { RemoteEvent } from "./event-order.ts";
import { RecentEvents } from "./recent-events.ts";

/**
 * The events of one process for any number of subscribers: for whoever joins late the recent ones again, then the live ones,
 * without a hole between the two; at last the end, or the error (03 CL-46, CL-47).
 */
export class EventFeed {
  readonly events$: Observable<RemoteEvent>;
  readonly #recent = new RecentEvents();
  readonly #observers = new Set<Observer<RemoteEvent>>();
  #end: { readonly error: unknown } | null = null;

  constructor() {
    this.events$ = new Observable((observer) => this.#subscribe(observer));
  }

  /** Does anybody hear the live events? */
  get isFollowed(): boolean {
    return this.#observers.size > 0;
  }

  publish(event: RemoteEvent): void {
    this.#recent.add(event);
    for (const observer of [...this.#observers]) observer.next(event);
  }

  /** Nothing more comes. @param error why, unless the process has closed */
  finish(error: unknown = null): void {
    this.#end = { error };
    for (const observer of [...this.#observers]) endOf(observer, error);
    this.#observers.clear();
  }

  #subscribe(observer: Observer<RemoteEvent>): () => void {
    for (const event of this.#recent) observer.next(event);
    if (this.#end === null) this.#observers.add(observer);
    else endOf(observer, this.#end.error);
    return () => this.#observers.delete(observer);
  }
}

function endOf(observer: Observer<RemoteEvent>, error: unknown): void {
  if (error === null) observer.complete();
  else observer.error(error);
}
