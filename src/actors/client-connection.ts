import type { Transport, TransportEnd } from "../ports/transport.ts";
import { decodeResult, decodeServerNotification } from "../protocol/decode.ts";
import { decodeMessage } from "../protocol/envelope.ts";
import { ProtocolError, sessionTakenOver } from "../protocol/errors.ts";
import type { RequestName, Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { CallTable } from "./call-table.ts";
import { PendingCall } from "./pending-call.ts";

/** What a connection tells the link that opened it. */
export interface ClientConnectionOwner {
  /** A notification, in the order of the wire. */
  notified(notification: ServerNotification): void;
  /** A byte came in. */
  heard(): void;
  /** The connection cannot be used any more; told once. Its calls are the owner's to carry on or to fail. */
  lost(connection: ClientConnection, reason: string): void;
}

/** One physical connection of a link: the calls made over it live and die with it (03 CL-7). */
export class ClientConnection {
  /** Its ordinal among the connections of the link (03 CL-2). */
  readonly generation: number;
  readonly calls: CallTable;
  /** Resolves when the transport is gone. */
  readonly ended: Promise<void>;
  readonly #transport: Transport;
  readonly #owner: ClientConnectionOwner;
  readonly #end = Promise.withResolvers<void>();
  #isLost = false;
  #isPaused = false;

  constructor(generation: number, transport: Transport, owner: ClientConnectionOwner) {
    this.generation = generation;
    this.#transport = transport;
    this.#owner = owner;
    this.ended = this.#end.promise;
    this.calls = new CallTable((text) => transport.send(text));
    transport.open({
      message: (data) => this.#message(data),
      heard: () => owner.heard(),
      drained: () => undefined,
      ended: (end) => this.#transportEnded(end),
    });
  }

  /** Can it still be used? */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Makes a call that does not outlive this connection. */
  async call<M extends RequestName>(method: M, params: WireParams<M>, signal?: AbortSignal): Promise<Result<M>> {
    const call = new PendingCall({ method, params, cleanUp: false, isRepeatable: false, signal });
    this.calls.submit(call);
    return decodeResult(method, await call.answer);
  }

  /** Sends a notification. */
  send(text: string): void {
    this.#transport.send(text);
  }

  /** Asks the executor for a sign of life. */
  ping(): void {
    this.#transport.ping();
  }

  /** Acknowledges what comes at once, for an executor that waits for that (06 H-52). */
  acknowledge(): void {
    this.#transport.acknowledge?.();
  }

  /** Stops or goes on reading, so that the executor stops reading its children or goes on. */
  setPaused(paused: boolean): void {
    if (paused === this.#isPaused) return;
    this.#isPaused = paused;
    if (paused) this.#transport.pause();
    else this.#transport.resume();
  }

  /** Ends in order: what was sent still goes out. */
  close(): void {
    this.setPaused(false);
    this.#transport.close(1000, "");
  }

  /** Ends at once. */
  destroy(): void {
    this.#transport.destroy();
    this.#lose("the connection was dropped");
  }

  #message(data: string | Uint8Array): void {
    if (this.#isLost) return;
    try {
      this.#dispatch(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#lose(error.message);
      this.#transport.destroy();
    }
  }

  /** An answer that nobody waits for is ignored, and so is a notification that we do not know (03 CL-6). */
  #dispatch(data: string | Uint8Array): void {
    const message = decodeMessage(data);
    switch (message.kind) {
      case "response":
        return this.calls.settle(message.id, { result: message.result });
      case "error":
        // Of the call this says nothing; it goes on as after any other loss of the connection.
        if (message.error.message === sessionTakenOver) throw new ProtocolError(sessionTakenOver);
        return this.calls.settle(message.id, { error: message.error });
      case "notification": {
        const notification = decodeServerNotification(message.method, message.params);
        return notification === undefined ? undefined : this.#owner.notified(notification);
      }
      case "request":
        throw new ProtocolError(`the executor sent a request, \`${message.method}\``);
      case "malformed":
        // Without its text: a piece of it can be anything, secrets included.
        throw new ProtocolError("the executor sent a malformed message");
    }
  }

  #transportEnded(end: TransportEnd): void {
    this.#lose(end.reason === "" ? `the connection ended (${end.code})` : end.reason);
    this.#end.resolve();
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#owner.lost(this, reason);
  }
}
