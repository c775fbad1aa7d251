import { Observable, type Observer } from "rxjs";
import type { Actor } from "xstate";
import { observedProcessMachine } from "../machines/observed-process-machine.ts";
import { RpcError } from "../protocol/errors.ts";
import type { ObservedListing } from "../protocol/extensions.ts";
import type { Result } from "../protocol/methods.ts";
import { actorOwners, tell } from "./actor-owners.ts";
import { EventGapError, EventOrder, type ObservedEvent } from "./event-order.ts";
import type { LinkActor } from "./link-actor.ts";
import type { LinkClosedError, LinkFailedError } from "./link-errors.ts";
import { ProcessGoneError } from "./observation-errors.ts";
import { eventOf, type ProcessFollower, type ProcessNotification } from "./process-follower.ts";
import { RecentEvents } from "./recent-events.ts";
import type { RemoteProcessPorts } from "./remote-process-actor.ts";

/** The most payload that is read at once. */
const pageBytes = 1024 * 1024;

const owners = actorOwners<ObservedProcessActor>();

const logic = observedProcessMachine.provide({
  actions: {
    read: ({ self }) => owners.of(self).effects.read(),
    fail: ({ self }, { error }) => owners.of(self).effects.fail(error),
  },
});

/**
 * One process of a session that is observed: its machine, and its events in the order of their numbers, each exactly once,
 * across any number of connections. Nothing is read before somebody looks. What the executor has no more is a gap, which is
 * told in its place; the process itself never notices that it is observed.
 */
export class ObservedProcessActor implements ProcessFollower {
  readonly processId: string;
  readonly ordinal: number;
  /** Every event and every gap, the recent ones again for whoever joins late; ends with the close, or with an error. */
  readonly events$: Observable<ObservedEvent>;

  readonly #link: LinkActor;
  readonly #actor: Actor<typeof logic>;
  readonly #order = new EventOrder();
  readonly #recent = new RecentEvents<ObservedEvent>();
  readonly #observers = new Set<Observer<ObservedEvent>>();
  readonly #exit = Promise.withResolvers<number>();
  readonly #close = Promise.withResolvers<void>();
  readonly #holders = new Set<object>();
  readonly #waitingForRoom: (() => void)[] = [];
  #error: unknown = null;
  #isReading = false;
  /** There may be more to read than the read under way will find. */
  #isStale = false;
  /** Its close was told; nothing more comes. */
  #isClosing = false;

  /** @param ended hears when nothing more can come */
  constructor(
    { processId, ordinal }: ObservedListing,
    link: LinkActor,
    ports: RemoteProcessPorts,
    ended: (process: ObservedProcessActor) => void,
  ) {
    this.processId = processId;
    this.ordinal = ordinal;
    this.#link = link;
    // Who does not ask how a process fared need not handle its loss.
    for (const { promise } of [this.#exit, this.#close]) promise.catch(() => undefined);
    this.events$ = new Observable((observer) => this.#subscribe(observer));
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `observed process ${processId}`,
      input: { processId },
      onFault: ports.onFault,
    });
    this.#actor.subscribe({ complete: () => ended(this) });
    link.follow(processId, this);
    this.#actor.start();
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Has it closed on the executor, and does nobody care? */
  get isIdle(): boolean {
    return this.#isClosing && this.snapshot.hasTag("unread");
  }

  /** Resolves with the exit code. */
  get exited(): Promise<number> {
    this.#follow();
    return this.#exit.promise;
  }

  /** Resolves when the process has exited and every stream has ended. */
  get closed(): Promise<void> {
    this.#follow();
    return this.#close.promise;
  }

  notified(notification: ProcessNotification): void {
    const event = eventOf(notification);
    if (event.type === "closed") this.#isClosing = true;
    const isUnread = this.snapshot.hasTag("unread");
    if (isUnread && event.type === "output") return;
    this.#order.add(event);
    if (isUnread) return; // an exit or a close waits, in case that it is all that will ever be known
    this.#publish();
    const isBehind = this.#order.firstWaiting !== null;
    if (this.#order.overflows) this.#order.forgetWaiting();
    if (isBehind) this.refill();
  }

  /** Nothing to do: the list of processes that every new connection begins with makes it read on. */
  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  linkEnded(error: LinkFailedError | LinkClosedError): void {
    tell(this.#actor, { type: "lost", error });
  }

  /** There is something to read that was not pushed. Without effect while nobody follows the process. */
  refill(): void {
    this.#isStale = true;
    if (!this.#isReading && this.snapshot.hasTag("followed")) void this.#read();
  }

  /** The executor has it no more: what was not read is a gap, and where the end is not known either the process is lost. */
  vanish(error: unknown): void {
    for (let next = this.#order.firstWaiting; next !== null && this.#isLive(); next = this.#order.firstWaiting) {
      this.#skip(this.#order.lastSeq, next);
      this.#publish();
    }
    tell(this.#actor, { type: "lost", error });
  }

  /** A reader has more than it should: the connection is not read until it has caught up. */
  hold(reader: object): void {
    this.#holders.add(reader);
    this.#link.hold(reader);
  }

  /** The reader has caught up. */
  release(reader: object): void {
    this.#link.release(reader);
    if (!this.#holders.delete(reader) || this.#holders.size > 0) return;
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  /** For the machine only. */
  readonly effects = {
    /** Later: during the transition it is not followed yet. */
    read: (): void => queueMicrotask(() => this.refill()),
    fail: (error: unknown): void => {
      this.#error = error;
      this.#link.unfollow(this.processId, this);
      this.#exit.reject(error);
      this.#close.reject(error);
      for (const observer of [...this.#observers]) observer.error(error);
      this.#observers.clear();
    },
  };

  #follow(): void {
    tell(this.#actor, { type: "follow" });
  }

  #isLive(): boolean {
    return !this.snapshot.hasTag("ended");
  }

  /** Page by page, no faster than the slowest reader takes it. */
  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      for (let isDone = false; !isDone && this.#isLive(); ) {
        if (this.#holders.size > 0) await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
        this.#isStale = false;
        const page = { processId: this.processId, afterSeq: this.#order.lastSeq, maxBytes: pageBytes, waitMs: 0 };
        const answer = await this.#link.call("process/read", page);
        isDone = !this.#isLive() || (this.#merge(answer) && !this.#isStale);
      }
    } catch (error) {
      this.vanish(error instanceof RpcError ? new ProcessGoneError(this.processId, { cause: error }) : error);
    }
    this.#isReading = false;
  }

  /** Takes a page in, with a gap wherever the record has one. Was it the last? */
  #merge(answer: Result<"process/read">): boolean {
    for (;;) {
      try {
        const isLast = this.#order.merge(answer, true);
        this.#publish();
        return isLast;
      } catch (error) {
        if (!(error instanceof EventGapError)) throw error;
        this.#publish();
        this.#skip(error.afterSeq, error.beforeSeq);
      }
    }
  }

  #skip(afterSeq: number, beforeSeq: number): void {
    if (beforeSeq > afterSeq + 1) this.#say({ type: "gap", afterSeq, beforeSeq });
    this.#order.skipTo(beforeSeq);
  }

  #publish(): void {
    for (const event of this.#order.release()) {
      if (event.type === "exited") {
        tell(this.#actor, { type: "published.exit", exitCode: event.exitCode });
        this.#exit.resolve(event.exitCode);
      }
      if (event.type === "closed") tell(this.#actor, { type: "published.close" });
      this.#say(event);
      if (event.type === "closed") return this.#finish();
    }
  }

  #say(event: ObservedEvent): void {
    this.#recent.add(event);
    for (const observer of [...this.#observers]) observer.next(event);
  }

  #finish(): void {
    this.#link.unfollow(this.processId, this);
    this.#close.resolve();
    for (const observer of [...this.#observers]) observer.complete();
    this.#observers.clear();
  }

  #subscribe(observer: Observer<ObservedEvent>): () => void {
    for (const event of this.#recent) observer.next(event);
    if (this.#error !== null) observer.error(this.#error);
    else if (!this.#isLive()) observer.complete();
    else this.#observers.add(observer);
    this.#follow();
    return () => this.#observers.delete(observer);
  }
}
