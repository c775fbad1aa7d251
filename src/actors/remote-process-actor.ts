import { Observable, type Observer } from "rxjs";
import type { Actor } from "xstate";
import { type RemoteProcessEvent, remoteProcessMachine } from "../machines/remote-process-machine.ts";
import { ProctorError } from "../protocol/errors.ts";
import type { WireParams } from "../protocol/methods.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import { EventOrder, type RemoteEvent } from "./event-order.ts";
import type { LinkActor, ProcessFollower, ProcessNotification } from "./link-actor.ts";
import type { LinkClosedError, LinkFailedError } from "./link-errors.ts";
import { RecentEvents } from "./recent-events.ts";

/** Events of a process are missing and cannot be had any more; the process was terminated. */
export class EventGapError extends ProctorError {
  constructor(processId: string, afterSeq: number) {
    super("eventGap", `events of process ${processId} after number ${afterSeq} are lost`, { effect: "unknown" });
  }
}

/** What a handle needs besides its link. */
export interface RemoteProcessPorts extends ActorSystemPorts {
  onFault(error: unknown): void;
}

const owners = actorOwners<RemoteProcessActor>();

const logic = remoteProcessMachine.provide({
  actions: {
    terminate: ({ self }) => owners.of(self).effects.terminate(),
  },
});

/**
 * One process as its orchestrator follows it: its machine, and its events in the order of their numbers, each exactly once.
 */
export class RemoteProcessActor implements ProcessFollower {
  readonly processId: string;
  /** Every event, the recent ones again for whoever joins late; ends with the close, or with the error of the handle. */
  readonly events$: Observable<RemoteEvent>;
  /** Resolves with the exit code. */
  readonly exited: Promise<number>;
  /** Resolves when the process has exited and every stream has ended. */
  readonly closed: Promise<void>;

  readonly #link: LinkActor;
  readonly #actor: Actor<typeof logic>;
  readonly #order = new EventOrder();
  readonly #recent = new RecentEvents();
  readonly #observers = new Set<Observer<RemoteEvent>>();
  readonly #exit = Promise.withResolvers<number>();
  readonly #close = Promise.withResolvers<void>();
  #error: unknown = null;

  constructor(processId: string, link: LinkActor, ports: RemoteProcessPorts) {
    this.processId = processId;
    this.#link = link;
    this.exited = this.#exit.promise;
    this.closed = this.#close.promise;
    // Who does not ask for the end of a process need not handle its failure.
    this.exited.catch(() => undefined);
    this.closed.catch(() => undefined);
    this.events$ = new Observable((observer) => this.#subscribe(observer));
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `remote process ${processId}`,
      input: { processId },
      onFault: ports.onFault,
    });
    this.#actor.start();
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Sends the start and waits for its answer; the handle follows the process from before (01 W-43). */
  async start(params: Omit<WireParams<"process/start">, "processId">, signal: AbortSignal | undefined): Promise<void> {
    this.#link.follow(this.processId, this);
    try {
      await this.#link.call("process/start", { ...params, processId: this.processId }, { signal });
    } catch (error) {
      this.#fail(error, { type: "start.refused" });
      // A start that was given up may have happened all the same; nobody would ever end that process.
      if (signal?.aborted === true) this.effects.terminate();
      throw error;
    }
    tell(this.#actor, { type: "start.answered" });
    this.#publish();
  }

  notified(notification: ProcessNotification): void {
    this.#order.add(eventOf(notification));
    // What comes before the answer to the start waits for it (01 W-43).
    if (this.snapshot.hasTag("live")) this.#publish();
    if (this.#order.overflows) {
      const error = new EventGapError(this.processId, this.#order.lastSeq);
      this.#fail(error, { type: "gap", reason: error.message });
    }
  }

  linkEnded(error: LinkFailedError | LinkClosedError): void {
    this.#fail(error, { type: "link.ended", reason: error.message });
  }

  /** For the machine's actions only. */
  readonly effects = {
    terminate: (): void => {
      // Nobody waits for this answer; where the link is gone there is nobody left to ask either.
      this.#link.call("process/terminate", { processId: this.processId }, { cleanUp: true }).catch(() => undefined);
    },
  };

  #publish(): void {
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

  #fail(error: unknown, event: RemoteProcessEvent): void {
    if (this.snapshot.hasTag("ended")) return;
    this.#error = error;
    tell(this.#actor, event);
    this.#link.unfollow(this.processId, this);
    this.#exit.reject(error);
    this.#close.reject(error);
    for (const observer of [...this.#observers]) observer.error(error);
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

function eventOf({ method, params }: ProcessNotification): RemoteEvent {
  switch (method) {
    case "process/output":
      return { type: "output", seq: params.seq, stream: params.stream, bytes: params.chunk };
    case "process/exited":
      return { type: "exited", seq: params.seq, exitCode: params.exitCode };
    case "process/closed":
      return { type: "closed", seq: params.seq };
  }
}
