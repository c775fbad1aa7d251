import { Observable, type Observer } from "rxjs";
import { type Actor, type AnyActorRef, fromPromise } from "xstate";
import { remoteProcessMachine, type StartFate } from "../machines/remote-process-machine.ts";
import { ProctorError, ProtocolError, RpcError } from "../protocol/errors.ts";
import type { WireParams } from "../protocol/methods.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import { EventGapError, EventOrder, type RemoteEvent } from "./event-order.ts";
import type { LinkActor } from "./link-actor.ts";
import { ConnectionLostError, DisconnectedError, type LinkClosedError, type LinkFailedError } from "./link-errors.ts";
import { type CatchUpRead, eventOf, type ProcessFollower, type ProcessNotification } from "./process-follower.ts";
import { RecentEvents } from "./recent-events.ts";

/** A process could not be followed any further: what it did in the meantime cannot be had any more. It was terminated. */
export class ProcessLostError extends ProctorError {
  constructor(processId: string, cause: Error) {
    super("processLost", `process ${processId} cannot be followed any more: ${cause.message}`, {
      cause,
      effect: "unknown",
    });
  }
}

/** What a handle needs besides its link. */
export interface RemoteProcessPorts extends ActorSystemPorts {
  onFault(error: unknown): void;
}

/** What `process/start` takes, but for the id. */
export type StartParams = Omit<WireParams<"process/start">, "processId">;

/** The most payload that is read at once after an outage. */
const pageBytes = 1024 * 1024;

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
    failUnknown: ({ self }) => owners.of(self).effects.fail(new DisconnectedError("process/start")),
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
export class RemoteProcessActor implements ProcessFollower {
  readonly processId: string;
  /** Settles when the start is answered, whichever way that had to be found out. */
  readonly started: Promise<void>;
  /** Every event, the recent ones again for whoever joins late; ends with the close, or with the error of the handle. */
  readonly events$: Observable<RemoteEvent>;
  /** Resolves with the exit code. */
  readonly exited: Promise<number>;
  /** Resolves when the process has exited and every stream has ended. */
  readonly closed: Promise<void>;

  readonly #link: LinkActor;
  readonly #params: StartParams;
  readonly #signal: AbortSignal | undefined;
  readonly #actor: Actor<typeof logic>;
  readonly #order = new EventOrder();
  readonly #recent = new RecentEvents();
  readonly #observers = new Set<Observer<RemoteEvent>>();
  readonly #start = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<number>();
  readonly #close = Promise.withResolvers<void>();
  readonly #holders = new Set<object>();
  readonly #waitingForRoom: (() => void)[] = [];
  #error: unknown = null;
  #isRefilling = false;
  /** Events went by unheard since the last read was asked for: another one is due. */
  #hasMissed = false;

  /** Sends the start; the handle follows the process from before (01 W-43). */
  constructor(
    processId: string,
    params: StartParams,
    options: { readonly signal: AbortSignal | undefined; readonly mayRepeatStart: boolean },
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
    this.events$ = new Observable((observer) => this.#subscribe(observer));
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `remote process ${processId}`,
      input: { processId, mayRepeatStart: options.mayRepeatStart },
      onFault: ports.onFault,
    });
    link.follow(processId, this);
    this.#actor.start();
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  notified(notification: ProcessNotification): void {
    this.#order.add(eventOf(notification));
    this.#publish();
    if (!this.#order.overflows) return;
    // What waits for a number that does not come is let go: the executor still has it, and is asked (03 D-6).
    this.#order.forgetWaiting();
    this.#hasMissed = true;
    void this.#refill();
  }

  async catchUp(read: CatchUpRead): Promise<void> {
    if (!this.snapshot.hasTag("live")) {
      // Before its start is confirmed a handle hears nothing, though the process may run and print: it reads once it is.
      this.#hasMissed = true;
      return;
    }
    try {
      if (!(await this.#readPage(read))) void this.#refill();
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
        throw error;
      }
    },
    ask: async (): Promise<StartFate> => {
      try {
        this.#hasMissed = false;
        const everything = this.#link.call("process/read", this.#everythingNew(), { signal: this.#signal });
        this.#order.merge(await everything, false);
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
        if (this.#hasMissed) void this.#refill();
      });
    },
    terminate: (): void => {
      // Nobody waits for this answer; where the link is gone there is nobody left to ask either.
      this.#link.call("process/terminate", { processId: this.processId }, { cleanUp: true }).catch(() => undefined);
    },
    fail: (error: unknown): void => {
      this.#error = error;
      this.#link.unfollow(this.processId, this);
      this.#start.reject(error);
      this.#exit.reject(error);
      this.#close.reject(error);
      for (const observer of [...this.#observers]) observer.error(error);
      this.#observers.clear();
    },
  };

  #everythingNew(): WireParams<"process/read"> {
    return { processId: this.processId, afterSeq: this.#order.lastSeq, maxBytes: null, waitMs: 0 };
  }

  /**
   * Reads the next page of what is missing, and publishes it; is it the last? An executor other than Proctor's keeps so little
   * that all of it is one page (03 D-2, D-6).
   */
  async #readPage(read: CatchUpRead): Promise<boolean> {
    const isPage = this.#link.offers("pages");
    const answer = await read({ ...this.#everythingNew(), maxBytes: isPage ? pageBytes : null });
    const isLast = this.#order.merge(answer, isPage);
    this.#publish();
    return isLast;
  }

  /** Reads what push has failed to bring, page by page, no faster than the slowest reader takes it. */
  async #refill(): Promise<void> {
    if (this.#isRefilling || this.snapshot.hasTag("starting")) return;
    this.#isRefilling = true;
    try {
      const read: CatchUpRead = (params) => this.#link.call("process/read", params);
      for (let isDone = false; !isDone && this.snapshot.hasTag("live"); ) {
        await this.#room();
        this.#hasMissed = false;
        isDone = (await this.#readPage(read)) && !this.#hasMissed;
      }
    } catch (error) {
      this.#lose(error);
    }
    this.#isRefilling = false;
  }

  /** A reader has more than it should: the executor is held back until it has caught up. */
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

  #room(): Promise<void> {
    if (this.#holders.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  #lose(cause: unknown): void {
    tell(this.#actor, { type: "gap", error: this.#lostBy(cause) });
  }

  #lostBy(cause: unknown): unknown {
    const isLoss = cause instanceof RpcError || cause instanceof EventGapError;
    return isLoss ? new ProcessLostError(this.processId, cause) : cause;
  }

  /** What comes before the start is confirmed waits for that (01 W-43). */
  #publish(): void {
    if (!this.snapshot.hasTag("live")) return;
    for (const event of this.#order.release()) {
      if (event.type === "exited") {
        tell(this.#actor, { type: "published.exit", exitCode: event.exitCode });
        this.#exit.resolve(event.exitCode);
      }
      if (event.type === "closed") tell(this.#actor, { type: "published.close" });
      this.#recent.add(event);
      for (const observer of [...this.#observers]) observer.next(event);
      if (event.type === "closed") return this.#finish(); // what a wrong executor sends behind it is nobody's
    }
  }

  #finish(): void {
    this.#link.unfollow(this.processId, this);
    // Only an executor that closes without an exit leaves this open (03 section 7.2).
    this.#exit.resolve(-1);
    this.#close.resolve();
    for (const observer of [...this.#observers]) observer.complete();
    this.#observers.clear();
  }

  #subscribe(observer: Observer<RemoteEvent>): () => void {
    for (const event of this.#recent) observer.next(event);
    if (this.#error !== null) observer.error(this.#error);
    else if (this.snapshot.hasTag("ended")) observer.complete();
    else this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }
}
