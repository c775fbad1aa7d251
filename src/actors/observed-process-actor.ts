import { defer, type Observable } from "rxjs";
import type { Actor } from "xstate";
import { observedProcessMachine } from "../machines/observed-process-machine.ts";
import { RpcError } from "../protocol/errors.ts";
import type { ObservedListing } from "../protocol/extensions.ts";
import { actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { EventFeed } from "./event-feed.ts";
import { EventOrder, exitOf, type ProcessExit, type RemoteEvent } from "./event-order.ts";
import type { LinkActor } from "./link-actor.ts";
import type { LinkClosedError, LinkFailedError } from "./link-errors.ts";
import { MissedEvents } from "./missed-events.ts";
import { ProcessGoneError } from "./observation-errors.ts";
import { eventOf, type ProcessFollower, type ProcessNotification } from "./process-follower.ts";
import type { RemoteProcessPorts } from "./remote-process-options.ts";

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
export class ObservedProcessActor implements ProcessFollower, WatchedEntity {
  readonly processId: string;
  readonly ordinal: number;
  /** Every event and every gap, the recent ones again for whoever joins late; ends with the close, or with an error. */
  readonly events$: Observable<RemoteEvent>;

  readonly #link: LinkActor;
  readonly #actor: Actor<typeof logic>;
  readonly #order = new EventOrder("mark");
  readonly #feed = new EventFeed();
  readonly #missed: MissedEvents;
  readonly #exit = Promise.withResolvers<ProcessExit>();
  readonly #close = Promise.withResolvers<void>();
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
    this.events$ = defer(() => {
      this.#follow();
      return this.#feed.events$;
    });
    const reading = {
      processId,
      isLive: () => this.#isLive(),
      arrived: () => this.#publish(),
      lost: (cause: unknown) => {
        this.vanish(cause instanceof RpcError ? new ProcessGoneError(processId, { cause }) : cause);
      },
    };
    this.#missed = new MissedEvents(reading, this.#order, link);
    this.#actor = owners.create(logic, this, {
      ...ports,
      ownedBy: link,
      id: `observed process ${processId}`,
      input: { processId },
      onFault: ports.onFault,
    });
    this.#actor.subscribe({ complete: () => ended(this) });
    link.follow(processId, this);
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    return { ordinal: this.ordinal, lastSeq: this.#order.lastSeq, isFollowed: this.#feed.isFollowed };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Has it closed on the executor, and does nobody care? */
  get isIdle(): boolean {
    return this.#isClosing && this.snapshot.hasTag("unread");
  }

  get isAwaited(): boolean {
    return this.#feed.isFollowed;
  }

  /** Resolves with the exit. */
  get exited(): Promise<ProcessExit> {
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
    const isBehind = this.#order.missingSeq !== null;
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
    this.#missed.missed();
    if (this.snapshot.hasTag("followed")) void this.#missed.read();
  }

  /** The executor has it no more: what was not read is a gap, and where the end is not known either the process is lost. */
  vanish(error: unknown): void {
    this.#order.giveUpMissing();
    this.#publish();
    tell(this.#actor, { type: "lost", error });
  }

  /** A reader has more than it should: the connection is not read until it has caught up. */
  hold(reader: object): void {
    this.#missed.room.fill(reader);
    this.#link.hold(reader);
  }

  /** The reader has caught up. */
  release(reader: object): void {
    this.#link.release(reader);
    this.#missed.room.free(reader);
  }

  /** For the machine only. */
  readonly effects = {
    /** Later: during the transition it is not followed yet. */
    read: (): void => queueMicrotask(() => this.refill()),
    fail: (error: unknown): void => {
      this.#link.unfollow(this.processId, this);
      this.#exit.reject(error);
      this.#close.reject(error);
      this.#feed.finish(error);
    },
  };

  #follow(): void {
    tell(this.#actor, { type: "follow" });
  }

  #isLive(): boolean {
    return !this.snapshot.hasTag("ended");
  }

  #publish(): void {
    if (!this.#isLive()) return;
    for (const event of this.#order.release()) {
      if (event.type === "exited") {
        tell(this.#actor, { type: "published.exit", exitCode: event.exitCode });
        this.#exit.resolve(exitOf(event.exitCode, event));
      }
      if (event.type === "closed") tell(this.#actor, { type: "published.close" });
      this.#feed.publish(event);
      if (event.type === "closed") return this.#finish();
    }
  }

  #finish(): void {
    this.#link.unfollow(this.processId, this);
    // Only an executor that closes without an exit leaves this open.
    this.#exit.resolve({ exitCode: -1, usage: null });
    this.#close.resolve();
    this.#feed.finish();
  }
}
