import type { Observable } from "rxjs";
import { type Actor, type AnyActorRef, fromPromise, type SnapshotFrom, waitFor } from "xstate";
import type { HandshakeOutcome } from "../machines/link-context.ts";
import { linkMachine } from "../machines/link-machine.ts";
import { WakefulClock } from "../ports/wakeful-clock.ts";
import { decodeResult } from "../protocol/decode.ts";
import { ProctorError, RpcError, startCancelled } from "../protocol/errors.ts";
import type { Feature, Offer } from "../protocol/extensions.ts";
import type { RequestName, Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { keyed, repeatable } from "./call-repetition.ts";
import { callLimits } from "./call-table.ts";
import { ClientConnection } from "./client-connection.ts";
import { Followers } from "./followers.ts";
import { LifeSigns } from "./life-signs.ts";
import { LinkConnections } from "./link-connections.ts";
import {
  ConnectionLostError,
  LinkClosedError,
  LinkFailedError,
  TooManyCallsError,
  UnsupportedError,
} from "./link-errors.ts";
import type { CallOptions, LinkOptions } from "./link-options.ts";
import { type LinkState, linkStateOf, linkStates } from "./link-state.ts";
import { PendingCall } from "./pending-call.ts";
import { isAboutProcess, type ProcessFollower } from "./process-follower.ts";
import { RemoteBodies } from "./remote-bodies.ts";
import { WaitingCalls } from "./waiting-calls.ts";

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
export class LinkActor implements WatchedEntity {
  /** The states of the link, beginning with the present one; completes when the link is over. */
  readonly state$: Observable<LinkState>;
  /** The bodies of responses that are on their way. */
  readonly bodies = new RemoteBodies();

  readonly #options: LinkOptions;
  readonly #actor: Actor<typeof logic>;
  readonly #followers = new Followers();
  readonly #waiting = new WaitingCalls();
  readonly #signs: LifeSigns;
  readonly #clock: WakefulClock;
  readonly #connections = new LinkConnections();
  #offer: Offer | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#signs = new LifeSigns(options.clock);
    this.#clock = new WakefulClock(options.clock, () => this.doubtPath());
    const { canReconnect, longestRecoveryMs, connectTimeoutMs, initializeTimeoutMs, retryPace } = options;
    this.#actor = owners.create(logic, this, {
      ...options,
      clock: this.#clock,
      id: "link",
      input: { canReconnect, longestRecoveryMs, connectTimeoutMs, initializeTimeoutMs, retryPace },
      onFault: options.onFault,
    });
    this.state$ = linkStates(this.#actor);
    this.#actor.subscribe({ complete: () => this.#over() });
    this.#clock.start();
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    const { generation, sessionId } = this.state;
    return {
      to: this.#options.place,
      session: sessionId,
      generation,
      connections: this.#connections.all.length,
      waitingCalls: this.#waiting.size,
      offers: this.#offer?.features ?? [],
    };
  }

  /** The present state. */
  get state(): LinkState {
    return linkStateOf(this.#actor.getSnapshot());
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

  /** Resolves when a call would be sent: at once, or when the link has recovered. @throws how the link ended; the signal's reason */
  async usable(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const isSettled = (snapshot: SnapshotFrom<typeof logic>) =>
      snapshot.hasTag("ended") || linkStateOf(snapshot).value === "Connected";
    await waitFor(this.#actor, isSettled, signal === undefined ? {} : { signal });
    if (this.#isOver()) throw this.#endError("notApplied");
  }

  /**
   * Calls a method and decodes its answer; waits while the link recovers.
   * @throws RpcError when the executor refuses; DisconnectedError when the connection is lost before the answer and the call
   *   may not be repeated; LinkFailedError or LinkClosedError when the link is over, each with what is known of the effect;
   *   ProtocolError for an answer that cannot be understood; the signal's reason when it is aborted.
   */
  async call<M extends RequestName>(method: M, params: WireParams<M>, options: CallOptions = {}): Promise<Result<M>> {
    const { signal, cleanUp = false, onAnswer } = options;
    const isKeyed = keyed.has(method) && this.offers("key");
    const isRepeatable = options.isRepeatable ?? (isKeyed || repeatable.has(method));
    const keyedParams = isKeyed ? { ...params, idempotencyKey: this.#options.random.uuid() } : params;
    const telemetry = this.#options.telemetry?.call(method, params);
    const trace = telemetry?.trace;
    const call = new PendingCall({ method, params: keyedParams, cleanUp, isRepeatable, signal, onAnswer, trace });
    this.#submit(call);
    this.#connections.throttle();
    try {
      const result = decodeResult(method, await call.answer);
      telemetry?.answered();
      return result;
    } catch (error) {
      telemetry?.failed(error);
      if (error instanceof ProctorError) error.link ??= { state: this.state.value, generation: this.state.generation };
      throw error;
    } finally {
      this.#connections.throttle();
    }
  }

  /**
   * Starts a process, once: a lost answer is the caller's to make good (03 CL-50).
   * @throws DisconnectedError when the start was sent and its answer was lost; otherwise as `call`. A start that the executor
   *   has cancelled may have run for a moment.
   */
  async start(params: WireParams<"process/start">, signal: AbortSignal | undefined): Promise<void> {
    // An executor that knows start ids lets a repeated start join the first one: then no answer can be lost (03 D-4).
    const isRepeatable = this.offers("startId");
    const named = isRepeatable ? { ...params, startId: this.#options.random.uuid() } : params;
    try {
      await this.call("process/start", named, { signal, isRepeatable });
    } catch (error) {
      if (!(error instanceof RpcError && error.message.endsWith(startCancelled))) throw error;
      throw new RpcError(error.rpcCode, error.message, { cause: error, effect: "unknown" });
    }
  }

  /** Follows a process; must be called before it is started, since its events can come before the answer (01 W-43). */
  follow(processId: string, follower: ProcessFollower): void {
    this.#followers.add(processId, follower);
  }

  /** Stops following, if it is still this follower that does (03 I-26). */
  unfollow(processId: string, follower: ProcessFollower): void {
    this.#followers.remove(processId, follower);
  }

  /**
   * Stops reading from the executor while somebody's queue is full, so that the executor stops reading its children.
   * Calls in flight lift the brake until they are answered: their answers stand behind the output.
   */
  hold(holder: object): void {
    this.#connections.hold(holder);
  }

  /** Takes the brake off. */
  release(holder: object): void {
    this.#connections.release(holder);
  }

  /** What was heard before proves nothing any more: asks for a sign of life at once, or dials at once (03 N-7, D-10). */
  doubtPath(): void {
    this.#signs.forget();
    tell(this.#actor, { type: "path.doubted" });
  }

  /** Ends the link. Resolves when its connections are gone. Idempotent. */
  async close(): Promise<void> {
    const connections = this.#connections.all;
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
      const connection = new ClientConnection(newest, transport, {
        notified: (notification) => this.#notified(notification),
        heard: () => this.#heard(),
        lost: (lost, reason) => this.#lost(lost, reason),
      });
      this.#connections.opened(connection);
    },
    handshake: async (signal: AbortSignal): Promise<HandshakeOutcome> => {
      const { sessionId: resumeSessionId } = this.#actor.getSnapshot().context;
      const candidate = this.#connections.requireCandidate();
      const { offer, ...outcome } = await this.#options.entrance.enter(candidate, resumeSessionId, signal);
      this.#offer = offer;
      if (offer === null && this.#options.quickAcks !== false) candidate.acknowledge();
      candidate.calls.takesTraces = this.offers("trace");
      return outcome;
    },
    catchUp: async (): Promise<void> => {
      const candidate = this.#connections.requireCandidate();
      await this.#followers.catchUp((params) => candidate.call("process/read", params));
    },
    ping: (): void => {
      // Not a ping for every pause in the talk: what came in since the last look is as good as a pong (03 D-1).
      const agoMs = this.#signs.look(this.#connections.isDeaf);
      if (agoMs === null) this.#connections.newest?.ping();
      else queueMicrotask(() => tell(this.#actor, { type: "connection.heard", agoMs }));
    },
    dropInstalled: (): void => this.#connections.dropInstalled(),
    dropCandidate: (): void => this.#connections.dropCandidate(),
    installCandidate: (): void => {
      this.#connections.install();
      for (const call of this.#waiting.takeAll()) this.#connections.installed?.calls.submit(call);
      this.#connections.throttle();
    },
  };

  /** Over the installed connection, or behind those that wait for the next one already. */
  #submit(call: PendingCall): void {
    if (call.isSettled) return;
    if (this.#isOver()) return call.reject(this.#endError("notApplied"));
    const { installed } = this.#connections;
    const isUsable = installed?.isLost === false && this.state.value === "Connected";
    const queue = isUsable ? installed.calls : this.#waiting;
    if (queue.isFull && !call.cleanUp) return call.reject(new TooManyCallsError(callLimits.queued));
    queue.submit(call);
  }

  #notified(notification: ServerNotification): void {
    if (isAboutProcess(notification)) this.#followers.notified(notification);
    else if (notification.method === "http/request/bodyDelta") this.bodies.notified(notification.params);
    else this.#options.entrance.notified?.(notification);
  }

  #heard(): void {
    if (this.#signs.heard()) tell(this.#actor, { type: "connection.heard", agoMs: 0 });
  }

  #lost(connection: ClientConnection, reason: string): void {
    const calls = connection.calls.takeAll();
    // Before anything is tried again: a body cannot be resumed (06 C-9).
    if (connection === this.#connections.installed) this.bodies.connectionLost(reason);
    tell(this.#actor, { type: "connection.ended", generation: connection.generation, reason });
    if (this.#isOver()) this.#failAll(calls);
    else if (connection !== this.#connections.installed)
      for (const call of calls) call.reject(new ConnectionLostError());
    else if (this.#options.canReconnect) this.#waiting.carryOn(calls);
    else this.#waiting.keep(calls);
  }

  #over(): void {
    this.#clock.stop();
    const isClosed = this.state.value === "Closed";
    // A link that was closed lets its connection end in order; one that failed has nothing more to say.
    const connections = this.#connections.all;
    if (!isClosed) for (const connection of connections) connection.destroy();
    const calls = connections.flatMap((connection) => connection.calls.takeAll());
    this.#failAll([...calls, ...this.#waiting.takeAll()]);
    this.#followers.linkEnded(this.#endError("unknown"));
    this.bodies.connectionLost(this.#endError("unknown").message);
  }

  #failAll(calls: readonly PendingCall[]): void {
    for (const call of calls) call.reject(this.#endError(call.wasSent ? "unknown" : "notApplied"));
  }

  #isOver(): boolean {
    return this.#actor.getSnapshot().hasTag("ended");
  }

  #endError(effect: "unknown" | "notApplied"): LinkFailedError | LinkClosedError {
    const { value, reason, generation } = this.state;
    const isClosed = value === "Closed";
    const error = isClosed ? new LinkClosedError(effect) : new LinkFailedError(reason ?? "not connected", effect);
    error.link = { state: value, generation };
    return error;
  }
}
