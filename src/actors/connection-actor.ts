import type { Actor } from "xstate";
import { connectionMachine } from "../machines/connection-machine.ts";
import type { ConnectionTelemetry, ExecutorTelemetry, RequestTelemetry } from "../ports/telemetry.ts";
import type { Transport, TransportEnd } from "../ports/transport.ts";
import { decodeParams } from "../protocol/decode.ts";
import { EncodedAnswer } from "../protocol/encoded-answer.ts";
import {
  decodeMessage,
  encodeError,
  encodeMalformed,
  encodeResult,
  type Message,
  type RequestId,
} from "../protocol/envelope.ts";
import { type RpcError, rpcError, sessionTakenOver } from "../protocol/errors.ts";
import type { Offer } from "../protocol/extensions.ts";
import { isRequestName, type RequestName, requests } from "../protocol/methods.ts";
import type { TraceContext } from "../protocol/trace-context.ts";
import { HIGH_WATER_BYTES } from "../transports/water-marks.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { connectionLimits } from "./connection-limits.ts";
import { asRpcError, encodeOutcome } from "./encode-outcome.ts";
import { FileHandles } from "./file-handles.ts";
import { HttpExchanges } from "./http-exchanges.ts";
import { OnDemand } from "./on-demand.ts";
import { PathOrder } from "./path-order.ts";
import { type PendingRequest, PendingRequests } from "./pending-requests.ts";
import type { Caller, ConnectionMethod, RequestHandlers } from "./request-handlers.ts";
import type { SessionActor, SessionHolder } from "./session-actor.ts";
import { checkObserverMay, type ObserverConnection, type SessionObserver } from "./session-observer.ts";
import { StreamedOutcome } from "./streamed-outcome.ts";

/** What a connection needs from the executor that accepted it. */
export interface ConnectionOwner {
  /** The extensions that are offered to the peer. */
  readonly offer: Offer;
  readonly handlers: RequestHandlers;
  readonly telemetry?: ExecutorTelemetry | undefined;
  /** @throws RpcError as `SessionRegistry.attach` does. */
  attach(resumeSessionId: string | null, holder: SessionHolder): SessionActor;
  /** @throws RpcError as `SessionRegistry.observe` does. */
  observe(observerKey: string, connection: ObserverConnection): SessionObserver;
  /** The connection is over. */
  forget(connection: ConnectionActor): void;
  /** The machine itself failed. */
  fault(error: unknown): void;
}

const owners = actorOwners<ConnectionActor>();

const logic = connectionMachine.provide({
  actions: {
    leaveSession: ({ self, event }) => owners.of(self).effects.leaveSession(event.type === "session.taken"),
    refusePending: ({ self }) => owners.of(self).effects.refusePending(),
    ping: ({ self }) => owners.of(self).effects.ping(),
    closeTransport: ({ self }, { code, reason }) => owners.of(self).effects.closeTransport(code, reason),
    destroyTransport: ({ self }) => owners.of(self).effects.destroyTransport(),
  },
});

/**
 * One physical link of an orchestrator, from its first byte to its last: handshake, dispatch, back-pressure. Requests run
 * concurrently, each begun in the order in which they came; what must stay in order waits further inside (03 SS-32). A
 * fault in one request is its answer, and nobody else's trouble (01 B-8).
 */
export class ConnectionActor implements SessionHolder, ObserverConnection, WatchedEntity {
  readonly connectionId: string;
  /** Resolves when the transport is gone and everything that was asked over it has been answered or cut short. */
  readonly ended: Promise<TransportEnd>;

  readonly #transport: Transport;
  readonly #owner: ConnectionOwner;
  readonly #watch: ActorSystemPorts["watch"];
  readonly #telemetry: ConnectionTelemetry | undefined;
  readonly #actor: Actor<typeof logic>;
  readonly #files: OnDemand<FileHandles>;
  readonly #abort = new AbortController();
  readonly #pending = new PendingRequests();
  readonly #end = Promise.withResolvers<TransportEnd>();
  readonly #exchanges: OnDemand<HttpExchanges>;
  #session: SessionActor | null = null;
  #observer: SessionObserver | null = null;
  #caller: Caller | null = null;
  #paused = false;
  #listening = false;

  constructor(connectionId: string, transport: Transport, owner: ConnectionOwner, ports: ActorSystemPorts) {
    this.connectionId = connectionId;
    this.ended = this.#end.promise;
    this.#transport = transport;
    this.#owner = owner;
    this.#watch = ports.watch;
    this.#telemetry = owner.telemetry?.connection(connectionId, transport);
    const own = { ...ports, ownedBy: this };
    this.#files = new OnDemand(() => new FileHandles(own, owner.fault));
    this.#exchanges = new OnDemand(
      () =>
        new HttpExchanges(own, {
          send: (frame) => transport.send(frame),
          hasRoom: () => transport.queuedBytes <= HIGH_WATER_BYTES,
          fault: owner.fault,
        }),
    );
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `connection ${connectionId.slice(0, 8)}`,
      input: { connectionId },
      onFault: (error) => {
        owner.fault(error);
        transport.destroy();
      },
    });
    this.#actor.start();
    transport.open({
      message: (data) => this.#message(data),
      heard: () => this.#heard(),
      drained: () => this.#drained(),
      ended: (end) => this.#transportEnded(end),
    });
  }

  /** @inheritDoc */
  facts(): Facts {
    return {
      transport: this.#transport.kind,
      peer: this.#transport.peer,
      session: this.#session?.sessionId ?? null,
      observes: this.#observer !== null,
      pending: this.#pending.size,
      queuedBytes: this.#transport.queuedBytes,
      readingPaused: this.#paused,
      files: this.#files.made?.size ?? 0,
    };
  }

  /** @inheritDoc */
  load() {
    return { outputBytes: 0, queuedBytes: this.#transport.queuedBytes };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Exchanges with origins that are under way, for the metrics. */
  get exchanges(): number {
    return this.#exchanges.made?.size ?? 0;
  }

  /** How its peer is reached. */
  get transportKind(): Transport["kind"] {
    return this.#transport.kind;
  }

  /** Sends a notification of the session; false: the peer reads too slowly (01 W-45). */
  push(frame: string | Uint8Array, sent?: () => void): boolean {
    this.#transport.send(frame, sent);
    return this.#transport.queuedBytes <= HIGH_WATER_BYTES;
  }

  /** @inheritDoc */
  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  /** @inheritDoc */
  observationEnded(code: number, reason: string): void {
    tell(this.#actor, { type: "observation.ended", code, reason });
  }

  /** @inheritDoc */
  probe(): void {
    this.#listening = true;
    this.#transport.ping();
  }

  /** @inheritDoc */
  evict(): void {
    tell(this.#actor, { type: "session.taken" });
  }

  /** The executor stops: close in order. */
  async shutdown(): Promise<void> {
    tell(this.#actor, { type: "shutdown" });
    await this.ended;
  }

  /** For the machine's actions only. */
  readonly effects = {
    /** Only waits are cut short; what has begun finishes by itself (03 SS-32). */
    leaveSession: (isTaken: boolean): void => {
      this.#abort.abort(rpcError("invalidRequest", isTaken ? sessionTakenOver : "the connection is ending"));
      this.#session?.detach(this.connectionId);
      this.#session = null;
      this.#files.connectionEnded();
      this.#observer?.leave();
      this.#observer = null;
      this.#exchanges.connectionEnded();
    },
    refusePending: (): void => {
      const error = rpcError("invalidRequest", sessionTakenOver);
      for (const id of this.#pending.giveUp()) this.#transport.send(encodeError(id, error));
    },
    ping: (): void => {
      this.#listening = true;
      this.#transport.ping();
    },
    closeTransport: (code: number, reason: string): void => {
      this.#telemetry?.ending({ code, reason });
      this.#transport.close(code, reason);
    },
    destroyTransport: (): void => this.#transport.destroy(),
  };

  #message(data: string | Uint8Array): void {
    if (this.snapshot.hasTag("ended")) return;
    const message = decodeMessage(data);
    switch (message.kind) {
      case "request":
        return this.#request(message.id, message.method, message.params, message.trace);
      case "notification":
        if (message.method === "initialized") tell(this.#actor, { type: "initialized" });
        else this.#violate(`the notification \`${message.method}\` does not exist`);
        return;
      case "malformed":
        return this.#refuseMalformed(message);
      case "response":
      case "error":
        return this.#violate("an executor sends no requests, so it takes no answers");
    }
  }

  #refuseMalformed({ detail, id }: Extract<Message, { readonly kind: "malformed" }>): void {
    this.#telemetry?.malformed(detail);
    this.#answer(encodeMalformed(this.#transport.kind, this.#transport.peer, detail, id));
  }

  /** The order of the checks is the wire's: method, params, handshake, then the method's own (01 W-35). */
  #request(id: RequestId, method: string, rawParams: unknown, trace: TraceContext | null | undefined): void {
    const telemetry = this.#telemetry?.request(isRequestName(method) ? method : null, trace);
    try {
      if (!isRequestName(method)) throw unknownMethod(method);
      if (method === "initialize") this.#initialize(id, rawParams);
      else if (method === "session/observe") this.#observe(id, rawParams);
      else return this.#serve(id, method, rawParams, telemetry);
      telemetry?.answered();
    } catch (error) {
      this.#refuse(id, error, telemetry);
    }
  }

  #refuse(id: RequestId, error: unknown, telemetry: RequestTelemetry | undefined): void {
    const refusal = asRpcError(error);
    this.#answer(encodeError(id, refusal));
    telemetry?.refused(refusal);
  }

  #initialize(id: RequestId, rawParams: unknown): void {
    const { resumeSessionId } = decodeParams("initialize", rawParams);
    if (!this.snapshot.hasTag("awaitingInitialize")) {
      throw rpcError("invalidRequest", "initialize may only be sent once per connection");
    }
    const session = this.#owner.attach(resumeSessionId, this);
    this.#session = session;
    this.#caller = {
      session,
      observer: null,
      processes: session.processes,
      signal: this.#abort.signal,
      paths: new PathOrder(),
      files: this.#files,
      exchanges: this.#exchanges,
    };
    tell(this.#actor, { type: "session.attached" });
    const { sessionId, observerKey } = session;
    this.#transport.send(encodeResult(id, { sessionId, proctor: { ...this.#owner.offer, observerKey } }));
  }

  /** From now on it observes the session of another connection; its own, in which nothing has happened, is over. */
  #observe(id: RequestId, rawParams: unknown): void {
    const { observerKey } = decodeParams("session/observe", rawParams);
    const caller = this.#readyCaller("session/observe");
    const own = this.#session;
    if (own === null) throw rpcError("invalidRequest", "this connection observes a session already");
    if (own.observerKey === observerKey || own.processes.size > 0) {
      throw rpcError("invalidRequest", "only a connection whose own session is empty can observe another one");
    }
    const observer = this.#owner.observe(observerKey, this);
    this.#session = null;
    own.endNow();
    this.#files.connectionEnded(); // an observer reads no files, so it keeps none open
    this.#exchanges.connectionEnded();
    this.#observer = observer;
    this.#caller = { ...caller, observer, processes: observer.session.processes };
    tell(this.#actor, { type: "session.observed" });
    this.#transport.send(encodeResult(id, observer.list()));
  }

  #serve<M extends Exclude<RequestName, ConnectionMethod>>(
    id: RequestId,
    method: M,
    rawParams: unknown,
    telemetry: RequestTelemetry | undefined,
  ): void {
    const handler = this.#owner.handlers[method];
    if (handler === undefined) throw unknownMethod(method);
    const params = decodeParams(method, rawParams);
    const caller = this.#readyCaller(method);
    if (caller.observer !== null) checkObserverMay(method);
    const kind = this.#pending.admit(method, params);
    const handle = () => handler(params, caller, telemetry);
    const run = () => (this.#watch === undefined ? handle() : this.#watch.because(this, method, handle));
    const key = "idempotencyKey" in params ? params.idempotencyKey : null;
    const outcome =
      key === null ? run() : caller.session.outcomes.once(`${method} ${key}`, caller.signal, async () => run());
    if (!(outcome instanceof Promise)) {
      this.#answer(encodeOutcome(id, method, outcome), outcome);
      telemetry?.answered();
      return;
    }
    const finished = outcome.then(
      (result) => {
        this.#finish(pending, () => encodeOutcome(id, method, result), result);
        telemetry?.answered();
        if (result instanceof StreamedOutcome) result.begin();
      },
      (error: unknown) => {
        const refusal = asRpcError(error);
        this.#finish(pending, () => encodeError(id, refusal));
        telemetry?.refused(refusal);
      },
    );
    const pending: PendingRequest = { id, kind, finished };
    this.#pending.begin(pending);
    this.#throttle();
  }

  /** @throws RpcError when the handshake is not complete (01 W-34). */
  #readyCaller(method: RequestName): Caller {
    const { family } = requests[method];
    if (this.snapshot.hasTag("awaitingInitialize")) {
      throw rpcError("invalidRequest", `client must call initialize before using ${family} methods`);
    }
    if (this.#caller === null || !(this.snapshot.hasTag("ready") || this.snapshot.hasTag("observing"))) {
      throw rpcError("invalidRequest", `client must send initialized before using ${family} methods`);
    }
    return this.#caller;
  }

  #finish(pending: PendingRequest, encode: () => string | Uint8Array, result?: unknown): void {
    if (this.#pending.finish(pending)) this.#answer(encode(), result);
    else this.#throttle();
  }

  #answer(message: string | Uint8Array, result?: unknown): void {
    if (result instanceof EncodedAnswer) this.#transport.send(message, () => result.sent());
    else this.#transport.send(message);
    this.#throttle();
  }

  /** Reading pauses while too much runs or waits to be read; writing never does, so neither side can lock the other (01 B-2). */
  #throttle(): void {
    const full = this.#pending.isFull || this.#transport.queuedBytes > connectionLimits.answerBytes;
    if (full === this.#paused) return;
    this.#paused = full;
    if (full) this.#transport.pause();
    else this.#transport.resume();
  }

  #heard(): void {
    if (!this.#listening) return; // nobody waits for a sign of life: spare the machines an event per byte
    this.#listening = false;
    tell(this.#actor, { type: "peer.heard" });
    this.#session?.holderHeard();
  }

  #drained(): void {
    this.#throttle();
    this.#exchanges.made?.drained();
    this.#session?.resumeOutput();
    this.#observer?.drained();
  }

  #violate(reason: string): void {
    tell(this.#actor, { type: "violation", reason });
  }

  async #transportEnded(end: TransportEnd): Promise<void> {
    this.#telemetry?.ended(end);
    tell(this.#actor, { type: "transport.ended" });
    this.#owner.forget(this);
    // Where only the peer's half is closed, as at the end of stdin, these answers still arrive (01 B-9).
    await this.#pending.finished();
    this.#end.resolve(end);
  }
}

function unknownMethod(method: string): RpcError {
  return rpcError("methodNotFound", `exec-server stub does not implement \`${method}\` yet`);
}
