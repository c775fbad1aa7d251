import { distinctUntilChanged, map, Observable } from "rxjs";
import { type Actor, fromPromise, type SnapshotFrom, waitFor } from "xstate";
import { linkMachine } from "../machines/link-machine.ts";
import type { Transport, TransportEnd } from "../ports/transport.ts";
import { decodeResult, decodeServerNotification } from "../protocol/decode.ts";
import { decodeMessage, encodeNotification } from "../protocol/envelope.ts";
import { ProtocolError } from "../protocol/errors.ts";
import type { RequestName, Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import { CallTable } from "./call-table.ts";
import { LinkClosedError, LinkFailedError } from "./link-errors.ts";

/** Opens a connection to the executor; the signal is aborted when the attempt is given up. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;

/** What a link tells of itself. */
export interface LinkState {
  /** The outer state of its statechart. */
  readonly value: "Connecting" | "Connected" | "Failed" | "Closed";
  /** How many connections it has used. */
  readonly generation: number;
  readonly sessionId: string | null;
  /** Why it ended. */
  readonly reason: string | null;
}

/** What differs from link to link. */
export interface LinkOptions extends ActorSystemPorts {
  readonly dial: Dial;
  /** How the client names itself to the executor; has no effect there. */
  readonly clientName: string;
  /** A machine failed. */
  onFault(error: unknown): void;
}

/** Whoever follows one process of the link. */
export interface ProcessFollower {
  /** A notification about the process, in the order of the wire, which need not be the order of the numbers (01 W-44). */
  notified(notification: ProcessNotification): void;
  /** The link is over; nothing more comes. */
  linkEnded(error: LinkFailedError | LinkClosedError): void;
}

/** A notification that is about one process. */
export type ProcessNotification = Extract<ServerNotification, { readonly params: { readonly processId: string } }>;

const owners = actorOwners<LinkActor>();

const logic = linkMachine.provide({
  actors: {
    dial: fromPromise(({ signal, self }) => ownerOfInvoked(self).effects.dial(signal)),
    handshake: fromPromise(({ signal, self }) => ownerOfInvoked(self).effects.handshake(signal)),
  },
});

function ownerOfInvoked(self: { readonly _parent?: Parameters<typeof owners.of>[0] | undefined }): LinkActor {
  if (self._parent === undefined) throw new Error("an attempt is always invoked by its link");
  return owners.of(self._parent);
}

/**
 * The client's logical connection: its machine, its connection, its calls, and the processes that are followed over it.
 * When it ends everything pending settles at once, and every later call fails with the same reason.
 */
export class LinkActor {
  /** The states of the link, beginning with the present one; completes when the link is over. */
  readonly state$: Observable<LinkState>;

  readonly #options: LinkOptions;
  readonly #actor: Actor<typeof logic>;
  readonly #calls: CallTable;
  readonly #followers = new Map<string, ProcessFollower>();
  readonly #holds = new Set<object>();
  readonly #over = Promise.withResolvers<void>();
  #transport: Transport | null = null;
  #paused = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#calls = new CallTable((text) => this.#transport?.send(text));
    this.#actor = owners.create(logic, this, { ...options, id: "link", input: undefined, onFault: options.onFault });
    this.state$ = new Observable<SnapshotFrom<typeof logic>>((observer) => {
      observer.next(this.#actor.getSnapshot());
      return this.#actor.subscribe(observer);
    }).pipe(
      map(stateOf),
      distinctUntilChanged((a, b) => a.value === b.value && a.generation === b.generation),
    );
    this.#actor.subscribe({ complete: () => this.#ended() });
    this.#actor.start();
  }

  /** The present state. */
  get state(): LinkState {
    return stateOf(this.#actor.getSnapshot());
  }

  /** Resolves when the link is Connected; rejects when it fails or is closed before. */
  async connected(): Promise<void> {
    await waitFor(this.#actor, (snapshot) => !snapshot.hasTag("connecting"));
    if (this.state.value !== "Connected") throw this.#endError("notApplied");
  }

  /**
   * Calls a method and decodes its answer.
   * @throws RpcError when the executor refuses; LinkFailedError or LinkClosedError when the link ends first, with what is
   *   known of the effect; ProtocolError for an answer that cannot be understood; the signal's reason when it is aborted.
   */
  async call<M extends RequestName>(
    method: M,
    params: WireParams<M>,
    options: { readonly signal?: AbortSignal | undefined; readonly cleanUp?: boolean } = {},
  ): Promise<Result<M>> {
    if (this.state.value !== "Connected") throw this.#endError("notApplied");
    const answer = this.#calls.call(method, params, options);
    this.#throttle();
    try {
      return decodeResult(method, await answer);
    } finally {
      this.#throttle();
    }
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

  /** Ends the link. Resolves when its connection is gone. Idempotent. */
  async close(): Promise<void> {
    const transport = this.#transport;
    tell(this.#actor, { type: "close" });
    transport?.resume();
    transport?.close(1000, "");
    if (transport !== null) await this.#over.promise;
  }

  /** For the machine's invoked attempts only. */
  readonly effects = {
    dial: async (signal: AbortSignal): Promise<void> => {
      const transport = await this.#options.dial(signal);
      // An attempt that was given up must not leave its connection behind (03 N-3).
      if (signal.aborted) return transport.destroy();
      this.#transport = transport;
      const { generation } = this.#actor.getSnapshot().context;
      transport.open({
        message: (data) => this.#message(generation, data),
        heard: () => undefined,
        drained: () => undefined,
        ended: (end) => this.#transportEnded(generation, end),
      });
    },
    handshake: async (signal: AbortSignal): Promise<string> => {
      const params: WireParams<"initialize"> = { clientName: this.#options.clientName, resumeSessionId: null };
      const { sessionId } = decodeResult("initialize", await this.#calls.call("initialize", params, { signal }));
      this.#transport?.send(encodeNotification("initialized", {}));
      return sessionId;
    },
  };

  #message(generation: number, data: string | Uint8Array): void {
    const message = decodeMessage(data);
    try {
      switch (message.kind) {
        case "response":
          // An answer nobody waits for: the handshake was given up, and the link is ending.
          return void this.#calls.settle(message.id, { result: message.result });
        case "error":
          return void this.#calls.settle(message.id, { error: message.error });
        case "notification":
          return this.#notified(decodeServerNotification(message.method, message.params));
        case "request":
          throw new ProtocolError(`the executor sent a request, \`${message.method}\``);
        case "malformed":
          throw new ProtocolError(`the executor sent a malformed message: ${message.detail}`);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#connectionEnded(generation, error.message);
    }
  }

  #notified(notification: ServerNotification | undefined): void {
    if (notification === undefined || !("processId" in notification.params)) return;
    // The discriminant is the presence of `processId`, which TypeScript does not carry over to the union.
    this.#followers.get(notification.params.processId)?.notified(notification as ProcessNotification);
  }

  #transportEnded(generation: number, end: TransportEnd): void {
    this.#connectionEnded(generation, end.reason === "" ? `the connection ended (${end.code})` : end.reason);
    this.#over.resolve();
  }

  #connectionEnded(generation: number, reason: string): void {
    tell(this.#actor, { type: "connection.ended", generation, reason });
  }

  #throttle(): void {
    const hold = this.#holds.size > 0 && this.#calls.inFlight === 0;
    if (hold === this.#paused) return;
    this.#paused = hold;
    if (hold) this.#transport?.pause();
    else this.#transport?.resume();
  }

  #ended(): void {
    const transport = this.#transport;
    if (this.state.value === "Failed") transport?.destroy();
    this.#calls.fail(this.#endError("unknown"), this.#endError("notApplied"));
    const followers = [...this.#followers.values()];
    this.#followers.clear();
    for (const follower of followers) follower.linkEnded(this.#endError("unknown"));
  }

  #endError(effect: "unknown" | "notApplied"): LinkFailedError | LinkClosedError {
    const { value, reason } = this.state;
    return value === "Closed" ? new LinkClosedError(effect) : new LinkFailedError(reason ?? "not connected", effect);
  }
}

function stateOf(snapshot: SnapshotFrom<typeof logic>): LinkState {
  const { generation, sessionId, reason } = snapshot.context;
  const value = typeof snapshot.value === "string" ? snapshot.value : "Connecting";
  return { value, generation, sessionId, reason };
}
