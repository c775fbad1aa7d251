import type { Observable } from "rxjs";
import { type Actor, type AnyActorRef, fromPromise } from "xstate";
import { remoteProcessMachine, type StartFate } from "../machines/remote-process-machine.ts";
import { ProtocolError, RpcError } from "../protocol/errors.ts";
import { actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { EventFeed } from "./event-feed.ts";
import { EventGapError, EventOrder, exitOf, type ProcessExit, type RemoteEvent } from "./event-order.ts";
import { GapWatch } from "./gap-watch.ts";
import type { LinkActor } from "./link-actor.ts";
import { ConnectionLostError, type LinkClosedError, type LinkFailedError } from "./link-errors.ts";
import { MissedEvents, type MissedEventsOwner } from "./missed-events.ts";
import { type CatchUpRead, eventOf, type ProcessFollower, type ProcessNotification } from "./process-follower.ts";
import { ProcessLostError } from "./process-lost-error.ts";
import type { RemoteProcessOptions, RemoteProcessPorts, StartParams } from "./remote-process-options.ts";

const owners = actorOwners<RemoteProcessActor>();

const logic = remoteProcessMachine.provide({
  actors: {
    start: fromPromise(({ self }) => ownerOfInvoked(self).effects.start()),
    ask: fromPromise(({ self }) => ownerOfInvoked(self).effects.ask()),
  },
  actions: {
    confirm: ({ self }) => owners.of(self).effects.confirm(),
    terminate: ({ self }) => owners.of(self).effects.terminate(),
    fail: ({ self }, { error }) => owners.of(self).effects.fail(error),
    failUnknown: ({ self }) => owners.of(self).effects.failUnknown(),
  },
});

function ownerOfInvoked(self: { readonly _parent?: AnyActorRef | undefined }): RemoteProcessActor {
  if (self._parent === undefined) throw new Error("a start is always invoked by its handle");
  return owners.of(self._parent);
}

/**
 * One process as its orchestrator follows it: its machine, and its events in the order of their numbers, each exactly once,
 * across any number of connections.
 */
export class RemoteProcessActor implements ProcessFollower, WatchedEntity {
  readonly processId: string;
  /** Settles when the start is answered, whichever way that had to be found out. */
  readonly started: Promise<void>;
  /** Every event, the recent ones again for whoever joins late; ends with the close, or with the error of the handle. */
  readonly events$: Observable<RemoteEvent>;
  /** Resolves with the exit. */
  readonly exited: Promise<ProcessExit>;
  /** Resolves when the process has exited and every stream has ended. */
  readonly closed: Promise<void>;

  readonly #link: LinkActor;
  readonly #params: StartParams;
  readonly #signal: AbortSignal | undefined;
  readonly #actor: Actor<typeof logic>;
  readonly #order: EventOrder;
  readonly #gaps: GapWatch;
  readonly #feed = new EventFeed();
  readonly #start = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<ProcessExit>();
  readonly #close = Promise.withResolvers<void>();
  readonly #missed: MissedEvents;
  #wasTerminated = false;
  /** How the answer to the start was lost, for the case that its fate stays unknown. */
  #lostStart: unknown = null;

  /** Sends the start; the handle follows the process from before (01 W-43). */
  constructor(
    processId: string,
    params: StartParams,
    options: RemoteProcessOptions,
    link: LinkActor,
    ports: RemoteProcessPorts,
  ) {
    this.processId = processId;
    this.#link = link;
    this.#params = params;
    this.#signal = options.signal;
    this.started = this.#start.promise;
    this.exited = this.#exit.promise;
    this.closed = this.#close.promise;
    // Who does not ask how a process fared need not handle its failure.
    for (const outcome of [this.started, this.exited, this.closed]) outcome.catch(() => undefined);
    this.events$ = this.#feed.events$;
    this.#order = new EventOrder(options.onGap);
    this.#missed = new MissedEvents(this.#reading, this.#order, link);
    this.#gaps = new GapWatch(ports.clock, () => this.#readOverdue());
    this.#actor = owners.create(logic, this, {
      ...ports,
      ownedBy: link,
      id: `remote process ${processId}`,
      input: { processId, mayRepeatStart: options.mayRepeatStart },
      onFault: ports.onFault,
    });
    link.follow(processId, this);
    this.#actor.start();
  }

  /** The number of the last event that was published. */
  get lastSeq(): number {
    return this.#order.lastSeq;
  }

  /** Was its end asked for over this handle? */
  get wasTerminated(): boolean {
    return this.#wasTerminated;
  }

  /** Kills it and its whole group; was it still running? */
  async terminate(): Promise<boolean> {
    this.#wasTerminated = true;
    const { running } = await this.#link.call("process/terminate", { processId: this.processId }, { cleanUp: true });
    return running;
  }

  /** @inheritDoc */
  facts(): Facts {
    const { argv, cwd, tty } = this.#params;
    return { argv, cwd, tty, lastSeq: this.lastSeq, wasTerminated: this.#wasTerminated };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  get isAwaited(): boolean {
    return this.#feed.isFollowed;
  }

  notified(notification: ProcessNotification): void {
    this.#order.add(eventOf(notification));
    this.#publish();
    if (!this.#order.overflows) return;
    // What waits for a number that does not come is let go: the executor still has it, and is asked (03 D-6).
    this.#order.forgetWaiting();
    this.#missed.missed();
    void this.#missed.read();
  }

  async catchUp(read: CatchUpRead): Promise<void> {
    // Before its start is confirmed a handle hears nothing, though the process may run and print: it reads once it is.
    if (!this.snapshot.hasTag("live")) return this.#missed.missed();
    try {
      await this.#missed.catchUp(read);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      this.#lose(error);
    }
  }

  linkEnded(error: LinkFailedError | LinkClosedError): void {
    tell(this.#actor, { type: "link.ended", error });
  }

  /** For the machine only. */
  readonly effects = {
    start: async (): Promise<void> => {
      try {
        await this.#link.start({ ...this.#params, processId: this.processId }, this.#signal);
      } catch (error) {
        // A start that was given up, or whose answer made no sense, may have happened all the same; nobody would ever end
        // that process (03 CL-52).
        if (this.#signal?.aborted === true || error instanceof ProtocolError) this.effects.terminate();
        this.#lostStart = error;
        throw error;
      }
    },
    ask: async (): Promise<StartFate> => {
      try {
        await this.#missed.ask(this.#signal);
        return "running";
      } catch (error) {
        if (error instanceof RpcError) return error.message.endsWith("is starting") ? "starting" : "absent";
        // Given up, or its beginning is lost: it may run all the same, and nobody would ever end it (03 CL-52).
        this.effects.terminate();
        throw this.#lostBy(error);
      }
    },
    confirm: (): void => {
      this.#start.resolve();
      queueMicrotask(() => {
        this.#publish();
        void this.#missed.readDue();
      });
    },
    terminate: (): void => {
      // Nobody waits for this answer; where the link is gone there is nobody left to ask either.
      this.terminate().catch(() => undefined);
    },
    failUnknown: (): void => this.effects.fail(this.#lostStart),
    fail: (error: unknown): void => {
      this.#gaps.see(null);
      this.#link.unfollow(this.processId, this);
      this.#start.reject(error);
      this.#exit.reject(error);
      this.#close.reject(error);
      this.#feed.finish(error);
    },
  };

  /** For the reading of missed events only. */
  get #reading(): MissedEventsOwner {
    return {
      processId: this.processId,
      isLive: () => this.snapshot.hasTag("live"),
      arrived: () => this.#publish(),
      lost: (cause) => this.#lose(cause),
    };
  }

  /** While the link recovers everything is read anyway. */
  #readOverdue(): void {
    if (this.#link.state.value === "Connected") void this.#missed.read();
  }

  /** A reader has more than it should: the executor is held back until it has caught up. */
  hold(reader: object): void {
    this.#missed.room.fill(reader);
    this.#link.hold(reader);
  }

  /** The reader has caught up. */
  release(reader: object): void {
    this.#link.release(reader);
    this.#missed.room.free(reader);
  }

  #lose(cause: unknown): void {
    tell(this.#actor, { type: "gap", error: this.#lostBy(cause) });
  }

  #lostBy(cause: unknown): unknown {
    const isLoss = cause instanceof RpcError || cause instanceof EventGapError;
    return isLoss ? new ProcessLostError(this.processId, this.lastSeq, cause) : cause;
  }

  /** What comes before the start is confirmed waits for that (01 W-43). */
  #publish(): void {
    if (!this.snapshot.hasTag("live")) return;
    for (const event of this.#order.release()) {
      if (event.type === "exited") {
        tell(this.#actor, { type: "published.exit", exitCode: event.exitCode });
        this.#exit.resolve(this.#withVerdict(event));
      }
      if (event.type === "closed") tell(this.#actor, { type: "published.close" });
      this.#feed.publish(event);
      if (event.type === "closed") return this.#finish(); // what a wrong executor sends behind it is nobody's
    }
    this.#gaps.see(this.#order.missingSeq);
  }

  /** An executor that does not tell with the exit whether the sandbox had a part in it is asked (03 CL-41a, 05 SB-D6). */
  async #withVerdict({ exitCode, seq, ...told }: Extract<RemoteEvent, { type: "exited" }>): Promise<ProcessExit> {
    const exit = exitOf(exitCode, told);
    const { sandbox } = this.#params;
    const isTold = sandbox === null || sandbox === undefined || this.#link.offers("denials");
    if (isTold || exit.sandboxDenied === true) return exit;
    try {
      const { processId } = this;
      const { sandboxDenied } = await this.#link.call("process/read", { processId, afterSeq: seq, waitMs: 0 });
      return exitOf(exitCode, { ...told, sandboxDenied });
    } catch {
      return exit; // the process is forgotten, or the link over: of the exit, which is certain, that is all there is to know
    }
  }

  #finish(): void {
    this.#gaps.see(null);
    this.#link.unfollow(this.processId, this);
    // Only an executor that closes without an exit leaves this open (03 section 7.2).
    this.#exit.resolve({ exitCode: -1, usage: null });
    this.#close.resolve();
    this.#feed.finish();
  }
}
