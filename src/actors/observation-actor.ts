import { Observable, Subject } from "rxjs";
import type { ProctorError } from "../protocol/errors.ts";
import type { ObservedListing } from "../protocol/extensions.ts";
import { LinkActor } from "./link-actor.ts";
import { LinkFailedError } from "./link-errors.ts";
import type { LinkOptions } from "./link-options.ts";
import { ProcessGoneError, SessionEndedError } from "./observation-errors.ts";
import { ObservedProcessActor } from "./observed-process-actor.ts";
import { ObserverEntrance, type SessionListener } from "./observer-entrance.ts";
import type { RemoteProcessPorts } from "./remote-process-options.ts";

/** Processes whose end was told and for which nobody cares: beyond so many the oldest are let go. */
const mostKept = 1_024;

/** How a session is observed. */
export interface ObservationOptions extends Omit<LinkOptions, "entrance"> {
  readonly clientName: string;
  readonly observerKey: string;
}

/**
 * A session of somebody else, as its observer sees it: a link of its own, which recovers like any other, and the processes
 * by the order of their starts.
 */
export class ObservationActor implements SessionListener {
  readonly link: LinkActor;
  /** The processes, those that are there now first; completes when the session is over, or fails with the link. */
  readonly processes$: Observable<ObservedProcessActor>;
  /** Resolves when the session is over or the observation was closed; rejects when the link fails. */
  readonly ended: Promise<void>;

  readonly #ports: RemoteProcessPorts;
  readonly #entrance: ObserverEntrance;
  readonly #processes = new Map<number, ObservedProcessActor>();
  readonly #newcomers = new Subject<ObservedProcessActor>();
  readonly #end = Promise.withResolvers<void>();
  /** Processes are told in the order of their ordinals: one that is not greater, and not there, has ended before our eyes. */
  #newest = 0;
  #isOver = false;

  constructor({ clientName, observerKey, ...options }: ObservationOptions) {
    this.#ports = options;
    this.#entrance = new ObserverEntrance(clientName, observerKey, this);
    this.ended = this.#end.promise;
    this.ended.catch(() => undefined); // told by `processes$` too, and by every process that is followed
    this.processes$ = new Observable((observer) => {
      for (const process of this.#processes.values()) observer.next(process);
      return this.#newcomers.subscribe(observer);
    });
    this.link = new LinkActor({ ...options, entrance: this.#entrance });
    this.link.state$.subscribe({ complete: () => this.#linkEnded() });
  }

  /** Those whose end has not been seen. */
  get processes(): readonly ObservedProcessActor[] {
    return [...this.#processes.values()];
  }

  /** Is the session over? */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Why the executor did not let us observe, if that is what happened. */
  get refusal(): ProctorError | null {
    return this.#entrance.refusal;
  }

  listed(listings: readonly ObservedListing[]): void {
    const present = new Set(listings.map(({ ordinal }) => ordinal));
    for (const process of [...this.#processes.values()]) {
      if (!present.has(process.ordinal)) process.vanish(new ProcessGoneError(process.processId));
    }
    for (const listing of listings) this.process(listing);
  }

  process(listing: ObservedListing): void {
    const { ordinal, processId } = listing;
    const known = this.#processes.get(ordinal);
    if (known !== undefined) return known.refill();
    if (ordinal <= this.#newest) return;
    this.#newest = ordinal;
    for (const former of this.#processes.values()) {
      if (former.processId === processId) former.vanish(new ProcessGoneError(processId));
    }
    this.#add(
      new ObservedProcessActor(listing, this.link, this.#ports, (gone) => this.#processes.delete(gone.ordinal)),
    );
  }

  sessionEnded(): void {
    this.#isOver = true;
    for (const process of [...this.#processes.values()]) process.vanish(new SessionEndedError(process.processId));
    // Later: the link is in the middle of telling us, and of more that it has heard.
    queueMicrotask(() => void this.link.close());
  }

  #add(process: ObservedProcessActor): void {
    this.#processes.set(process.ordinal, process);
    this.#bound();
    this.#newcomers.next(process);
    // The word of the end can overtake the list that the same connection began with.
    if (this.#isOver) process.vanish(new SessionEndedError(process.processId));
  }

  #bound(): void {
    if (this.#processes.size <= mostKept) return;
    const oldest = this.#processes.values().find(({ isIdle }) => isIdle);
    oldest?.vanish(new ProcessGoneError(oldest.processId));
  }

  #linkEnded(): void {
    const { value, reason } = this.link.state;
    if (value === "Closed" || this.#isOver) {
      this.#end.resolve();
      this.#newcomers.complete();
      return;
    }
    const error = new LinkFailedError(reason ?? "not connected", "notApplied");
    this.#end.reject(error);
    this.#newcomers.error(error);
  }
}
