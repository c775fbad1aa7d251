import { distinctUntilChanged, map, Observable } from "rxjs";
import { type Actor, type AnyActorRef, fromPromise, type SnapshotFrom, waitFor } from "xstate";
import { linkMachine } from "../machines/link-machine.ts";
import type { Random } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import { decodeResult } from "../protocol/decode.ts";
import { encodeNotification } from "../protocol/envelope.ts";
import type { Feature, Offer } from "../protocol/extensions.ts";
import type { RequestName, Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import { keyed, repeatable } from "./call-repetition.ts";
import { callLimits } from "./call-table.ts";
import { ClientConnection } from "./client-connection.ts";
import type { Doorway, Entrance } from "./entrance.ts";
import {
  ConnectionLostError,
  DisconnectedError,
  LinkClosedError,
  LinkFailedError,
  TooManyCallsError,
  UnsupportedError,
} from "./link-errors.ts";
import { PendingCall } from "./pending-call.ts";
import { type CatchUpRead, isAboutProcess, type ProcessFollower } from "./process-follower.ts";

/** Opens a connection to the executor; the signal is aborted when the attempt is given up. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;

/** What a link tells of itself. */
export interface LinkState {
  /** The outer state of its statechart. */
  readonly value: "Connecting" | "Connected" | "Recovering" | "Failed" | "Closed";
  /** Ordinal of the connection in use. */
  readonly generation: number;
  readonly sessionId: string | null;
  /** Why the last connection, or the link, ended; `null` while all is well. */
  readonly reason: string | null;
}

/** What differs from link to link. */
export interface LinkOptions extends ActorSystemPorts {
  readonly dial: Dial;
  /** Can `dial` be used again when a connection is lost? */
  readonly canReconnect: boolean;
  /** From the loss of a connection to giving up, in milliseconds. */
  readonly recoveryDeadlineMs: number;
  /** How a connection becomes one of this link. */
  readonly entrance: Entrance;
  /** Makes keys for calls that may be repeated. */
  readonly random: Random;
  /** A machine failed. */
  onFault(error: unknown): void;
}

/** How one call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Goes before others: it frees something. */
  readonly cleanUp?: boolean;
  /** May be sent again when the connection is lost before the answer: its effect is the same (03 CL-22). */
  readonly isRepeatable?: boolean;
}

const owners = actorOwners<LinkActor>();

const logic = linkMachine.provide({
  actors: {
    dial: fromPromise(({ signal, self }) => ownerOfInvoked(self).effects.dial(signal)),
    handshake: fromPromise(({ signal, self }) => ownerOfInvoked(self).effects.handshake(signal)),
    catchUp: fromPromise(({ self }) => ownerOfInvoked(self).effects.catchUp()),
  },
  actions: {
    ping: ({ self }) => owners.of(self).effects.ping(),
    dropInstalled: ({ self }) => owners.of(self).effects.dropInstalled(),
    dropCandidate: ({ self }) => owners.of(self).effects.dropCandidate(),
    installCandidate: ({ self }) => owners.of(self).effects.installCandidate(),
  },
});

function ownerOfInvoked(self: { readonly _parent?: AnyActorRef | undefined }): LinkActor {
  if (self._parent === undefined) throw new Error("an attempt is always invoked by its link");
  return owners.of(self._parent);
}

/**
 * The client's logical connection: its machine, its physical connections, its calls, and the processes that are followed
 * over it. A lost connection is a pause: calls wait, what may be repeated is repeated, processes are caught up. When the link
 * itself ends everything pending settles at once, and every later call fails with the same reason.
 */
export class LinkActor {
  /** The states of the link, beginning with the present one; completes when the link is over. */
  readonly state$: Observable<LinkState>;

  readonly #options: LinkOptions;
  readonly #actor: Actor<typeof logic>;
  readonly #followers = new Map<string, ProcessFollower>();
  readonly #holds = new Set<object>();
  #installed: ClientConnection | null = null;
  #candidate: ClientConnection | null = null;
  /** Calls that wait for a connection, in order. */
  #waiting: PendingCall[] = [];
  /** When the last byte came in since it was last looked; `null`: none did. */
  #heardAtMs: number | null = null;
  #hasPinged = false;
  #offer: Offer | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { canReconnect, recoveryDeadlineMs } = options;
    this.#actor = owners.create(logic, this, {
      ...options,
      id: "link",
      input: { canReconnect, recoveryDeadlineMs },
      onFault: options.onFault,
    });
    this.state$ = new Observable<SnapshotFrom<typeof logic>>((observer) => {
      observer.next(this.#actor.getSnapshot());
      return this.#actor.subscribe(observer);
    }).pipe(
      map(stateOf),
      distinctUntilChanged((a, b) => a.value === b.value && a.generation === b.generation),
    );
    this.#actor.subscribe({ complete: () => this.#over() });
    this.#actor.start();
  }

  /** The present state. */
  get state(): LinkState {
    return stateOf(this.#actor.getSnapshot());
  }

  /** Does the executor offer this extension? */
  offers(feature: Feature): boolean {
    return this.#offer?.features.includes(feature) ?? false;
  }

  /** What lets others observe the session of this link; `null` where the executor offers none. */
  get observerKey(): string | null {
    return this.#offer?.observerKey ?? null;
  }

  /** @throws UnsupportedError unless the executor offers it. */
  require(feature: Feature): void {
    if (!this.offers(feature)) throw new UnsupportedError(feature);
  }

  /** Resolves when the link is Connected for the first time; rejects when it fails or is closed before. */
  async connected(): Promise<void> {
    await waitFor(this.#actor, (snapshot) => !snapshot.hasTag("connecting"));
    if (this.#isOver()) throw this.#endError("notApplied");
  }

  /**
   * Calls a method and decodes its answer; waits while the link recovers.
   * @throws RpcError when the executor refuses; DisconnectedError when the connection is lost before the answer and the call
   *   may not be repeated; LinkFailedError or LinkClosedError when the link is over, each with what is known of the effect;
   *   ProtocolError for an answer that cannot be understood; the signal's reason when it is aborted.
   */
  async call<M extends RequestName>(method: M, params: WireParams<M>, options: CallOptions = {}): Promise<Result<M>> {
    const { signal, cleanUp = false } = options;
    const isKeyed = keyed.has(method) && this.offers("key");
    const isRepeatable = options.isRepeatable ?? (isKeyed || repeatable.has(method));
    const keyedParams = isKeyed ? { ...params, idempotencyKey: this.#options.random.uuid() } : params;
    const call = new PendingCall({ method, params: keyedParams, cleanUp, isRepeatable, signal });
    this.#submit(call);
    this.#throttle();
    try {
      return decodeResult(method, await call.answer);
    } finally {
      this.#throttle();
    }
  }

  /**
   * Starts a process, once: a lost answer is the caller's to make good (03 CL-50).
   * @throws DisconnectedError when the start was sent and its answer was lost; otherwise as `call`.
   */
  async start(params: WireParams<"process/start">, signal: AbortSignal | undefined): Promise<void> {
    // An executor that knows start ids lets a repeated start join the first one: then no answer can be lost (03 D-4).
    const isRepeatable = this.offers("startId");
    const named = isRepeatable ? { ...params, startId: this.#options.random.uuid() } : params;
    await this.call("process/start", named, { signal, isRepeatable });
  }

  /** Follows a process; must be called before it is started, since its events can come before the answer (01 W-43). */
  follow(processId: string, follower: ProcessFollower): void {
    this.#followers.set(processId, follower);
  }

  /** Stops following, if it is still this follower that does (03 I-26). */
  unfollow(processId: string, follower: ProcessFollower): void {
    if (this.#followers.get(processId) === follower) this.#followers.delete(processId);
  }

  /**
   * Stops reading from the executor while somebody's queue is full, so that the executor stops reading its children.
   * Calls in flight lift the brake until they are answered: their answers stand behind the output.
   */
  hold(holder: object): void {
    this.#holds.add(holder);
    this.#throttle();
  }

  /** Takes the brake off. */
  release(holder: object): void {
    this.#holds.delete(holder);
    this.#throttle();
  }

  /** Ends the link. Resolves when its connections are gone. Idempotent. */
  async close(): Promise<void> {
    const connections = [this.#installed, this.#candidate].filter((connection) => connection !== null);
    tell(this.#actor, { type: "close" });
    for (const connection of connections) connection.close();
    await Promise.all(connections.map((connection) => connection.ended));
  }

  /** For the machine only. */
  readonly effects = {
    dial: async (signal: AbortSignal): Promise<void> => {
      const transport = await this.#options.dial(signal);
      // An attempt that was given up must not leave its connection behind (03 N-3).
      if (signal.aborted) return transport.destroy();
      const { newest } = this.#actor.getSnapshot().context;
      this.#candidate = new ClientConnection(newest, transport, {
        notified: (notification) => this.#notified(notification),
        heard: () => this.#heard(),
        lost: (connection, reason) => this.#lost(connection, reason),
      });
    },
    handshake: async (signal: AbortSignal): Promise<string> => {
      const candidate = this.#existingCandidate();
      const door: Doorway = {
        call: (method, params) => callOver(candidate, method, params, signal),
        initialized: () => candidate.send(encodeNotification("initialized", {})),
      };
      const { sessionId, offer } = await this.#options.entrance.enter(
        door,
        this.#actor.getSnapshot().context.sessionId,
      );
      this.#offer = offer;
      return sessionId;
    },
    catchUp: async (): Promise<void> => {
      const candidate = this.#existingCandidate();
      const read: CatchUpRead = (params) => callOver(candidate, "process/read", params, undefined);
      await Promise.all([...this.#followers.values()].map((follower) => follower.catchUp(read)));
    },
    ping: (): void => {
      // Not a ping for every pause in the talk: what came in since the last look is as good as a pong (03 D-1). While we do
      // not read we cannot hear; a candidate is always read.
      const now = this.#options.clock.now();
      const heardAtMs = this.#candidate === null && this.#isHolding() ? now : this.#heardAtMs;
      this.#heardAtMs = null;
      this.#hasPinged = heardAtMs === null;
      if (heardAtMs === null) (this.#candidate ?? this.#installed)?.ping();
      else queueMicrotask(() => tell(this.#actor, { type: "connection.heard", agoMs: now - heardAtMs }));
    },
    dropInstalled: (): void => this.#installed?.destroy(),
    dropCandidate: (): void => {
      this.#candidate?.destroy();
      this.#candidate = null;
    },
    installCandidate: (): void => {
      this.#installed = this.#candidate;
      this.#candidate = null;
      for (const call of this.#waiting.splice(0)) this.#installed?.calls.submit(call);
      this.#throttle();
    },
  };

  /** Over the installed connection, or behind those that wait for the next one already. */
  #submit(call: PendingCall): void {
    if (call.isSettled) return;
    if (this.#isOver()) return call.reject(this.#endError("notApplied"));
    const table = this.#isUsable() ? this.#installed?.calls : undefined;
    const isFull = table?.isFull ?? this.#waiting.length >= callLimits.queued;
    if (isFull && !call.cleanUp) return call.reject(new TooManyCallsError(callLimits.queued));
    if (table === undefined) this.#waiting.push(call);
    else table.submit(call);
  }

  /** What was lost with the installed connection waits for the next one, before all that is called from now on (03 CL-31). */
  #carryOn(calls: readonly PendingCall[]): void {
    const kept = calls.filter((call) => !call.wasSent || call.isRepeatable);
    for (const call of calls) if (!kept.includes(call)) call.reject(new DisconnectedError(call.method));
    this.#waiting = [...kept, ...this.#waiting];
  }

  #existingCandidate(): ClientConnection {
    if (this.#candidate === null || this.#candidate.isLost) throw new ConnectionLostError();
    return this.#candidate;
  }

  #notified(notification: ServerNotification): void {
    if (isAboutProcess(notification)) this.#followers.get(notification.params.processId)?.notified(notification);
    else this.#options.entrance.notified?.(notification);
  }

  #heard(): void {
    this.#heardAtMs = this.#options.clock.now();
    if (!this.#hasPinged) return;
    this.#hasPinged = false;
    tell(this.#actor, { type: "connection.heard", agoMs: 0 });
  }

  #lost(connection: ClientConnection, reason: string): void {
    const calls = connection.calls.takeAll();
    tell(this.#actor, { type: "connection.ended", generation: connection.generation, reason });
    if (this.#isOver()) this.#failAll(calls);
    else if (connection === this.#installed) this.#carryOn(calls);
    else for (const call of calls) call.reject(new ConnectionLostError());
  }

  #isUsable(): boolean {
    return this.#installed !== null && !this.#installed.isLost && this.state.value === "Connected";
  }

  #isHolding(): boolean {
    return this.#holds.size > 0 && (this.#installed?.calls.inFlight ?? 0) === 0;
  }

  #throttle(): void {
    this.#installed?.setPaused(this.#isHolding());
  }

  #over(): void {
    const isClosed = this.state.value === "Closed";
    // A link that was closed lets its connection end in order; one that failed has nothing more to say.
    if (!isClosed) this.#installed?.destroy();
    if (!isClosed) this.#candidate?.destroy();
    const calls = [this.#installed, this.#candidate].flatMap((connection) => connection?.calls.takeAll() ?? []);
    this.#failAll([...calls, ...this.#waiting.splice(0)]);
    const followers = [...this.#followers.values()];
    this.#followers.clear();
    for (const follower of followers) follower.linkEnded(this.#endError("unknown"));
  }

  #failAll(calls: readonly PendingCall[]): void {
    for (const call of calls) call.reject(this.#endError(call.wasSent ? "unknown" : "notApplied"));
  }

  #isOver(): boolean {
    return this.#actor.getSnapshot().hasTag("ended");
  }

  #endError(effect: "unknown" | "notApplied"): LinkFailedError | LinkClosedError {
    const { value, reason } = this.state;
    return value === "Closed" ? new LinkClosedError(effect) : new LinkFailedError(reason ?? "not connected", effect);
  }
}

/** One call over one connection, which does not survive it. */
async function callOver<M extends RequestName>(
  connection: ClientConnection,
  method: M,
  params: WireParams<M>,
  signal: AbortSignal | undefined,
): Promise<Result<M>> {
  const call = new PendingCall({ method, params, cleanUp: false, isRepeatable: false, signal });
  connection.calls.submit(call);
  return decodeResult(method, await call.answer);
}

function stateOf(snapshot: SnapshotFrom<typeof logic>): LinkState {
  const { generation, sessionId, reason } = snapshot.context;
  const { value } = snapshot;
  const [outer] =
    typeof value === "string" ? [value] : (Object.keys(value) as ("Connecting" | "Connected" | "Recovering")[]);
  return { value: outer ?? "Connecting", generation, sessionId, reason };
}
