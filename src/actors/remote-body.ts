import type { Actor } from "xstate";
import { httpBodyMachine } from "../machines/http-body-machine.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import { BodyFailedError, BodyLostError } from "./body-errors.ts";
import type { BodyDelta, BodyFollower } from "./remote-bodies.ts";

/** Bytes that may wait for the reader; above it the link stops reading, unless calls wait for their answers (06 F-9). */
export const bodyHighWaterBytes = 1024 * 1024;

/** Bytes that may wait while the link has to read on for other calls; above it the body fails (06 C-6a). */
export const bodyLimitBytes = 64 * 1024 * 1024;

/** What a body needs from its link. */
export interface RemoteBodyOwner {
  add(requestId: string, follower: BodyFollower): void;
  remove(requestId: string): void;
  hold(holder: object): void;
  release(holder: object): void;
  cancel(requestId: string): void;
  fault(error: unknown): void;
}

const owners = actorOwners<RemoteBody>();

const logic = httpBodyMachine.provide({
  actions: {
    hold: ({ self }) => owners.of(self).effects.hold(),
    release: ({ self }) => owners.of(self).effects.release(),
    cancelRemotely: ({ self }) => owners.of(self).effects.cancelRemotely(),
    forget: ({ self }) => owners.of(self).effects.forget(),
  },
});

/** The body of one response: its pieces in order, for one reader at its own speed. */
export class RemoteBody implements BodyFollower, WatchedEntity {
  readonly requestId: string;
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #owner: RemoteBodyOwner;
  readonly #actor: Actor<typeof logic>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#aborted();
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | null = null;
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  #seq = 0;
  /** What comes after the pieces; `null`: more pieces. */
  #end: { readonly error: unknown } | null = null;
  #news = Promise.withResolvers<void>();

  /** @param signal ends it, for its reader at once, and for the executor */
  constructor(requestId: string, owner: RemoteBodyOwner, signal: AbortSignal | undefined, ports: ActorSystemPorts) {
    this.requestId = requestId;
    this.#signal = signal;
    this.#owner = owner;
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `http body ${requestId}`,
      input: { requestId },
      onFault: (error) => {
        owner.fault(error);
        this.effects.forget();
      },
    });
    this.readable = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.#unheard();
          tell(this.#actor, { type: "cancel" });
        },
      },
      { highWaterMark: 0 },
    );
    owner.add(requestId, this);
    this.#actor.start();
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** @inheritDoc */
  facts(): Facts {
    return { pieces: this.#seq, waitingBytes: this.#bytes };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** The answer is there. */
  headReceived(): void {
    tell(this.#actor, { type: "head.received" });
    this.#throttle();
  }

  /** There will be no answer. @param isUnderWay the executor may be at work on it, and is told to stop */
  abandon(isUnderWay: boolean): void {
    this.#unheard();
    tell(this.#actor, { type: isUnderWay ? "cancel" : "body.failed" });
  }

  /** @inheritDoc */
  notified({ seq, deltaBase64: piece, done, error }: BodyDelta): void {
    this.#seq += 1;
    if (seq !== this.#seq) {
      tell(this.#actor, { type: "cancel" });
      return this.#finish(new BodyFailedError(this.requestId, `received seq ${seq}, expected ${this.#seq}`));
    }
    if (error !== null) {
      tell(this.#actor, { type: "body.failed" });
      return this.#finish(new BodyFailedError(this.requestId, `failed: ${error}`));
    }
    if (piece.length > 0) {
      // Decoded base64 is always a plain buffer.
      this.#pieces.push(piece as Uint8Array<ArrayBuffer>);
      this.#bytes += piece.length;
      this.#news.resolve();
    }
    if (done) {
      tell(this.#actor, { type: "body.ended" });
      return this.#finish(null);
    }
    if (this.#bytes > bodyLimitBytes) {
      tell(this.#actor, { type: "cancel" });
      return this.#finish(new BodyFailedError(this.requestId, `was not read: ${this.#bytes} bytes waited`));
    }
    this.#throttle();
  }

  /** @inheritDoc */
  connectionLost(reason: string): void {
    if (!this.snapshot.hasTag("streaming")) return;
    tell(this.#actor, { type: "connection.lost" });
    this.#fail(new TypeError("terminated", { cause: new BodyLostError(this.requestId, reason) }));
  }

  /** For the machine's actions only. */
  readonly effects = {
    hold: (): void => this.#owner.hold(this),
    release: (): void => this.#owner.release(this),
    cancelRemotely: (): void => this.#owner.cancel(this.requestId),
    forget: (): void => this.#owner.remove(this.requestId),
  };

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (this.#pieces.length === 0 && this.#end === null) {
      this.#news = Promise.withResolvers<void>();
      await this.#news.promise;
    }
    const piece = this.#pieces.shift();
    if (piece === undefined) {
      this.#unheard();
      if (this.#end?.error == null) controller.close();
      else controller.error(this.#end.error);
      return;
    }
    this.#bytes -= piece.length;
    this.#throttle();
    controller.enqueue(piece);
  }

  #throttle(): void {
    if (this.#bytes > bodyHighWaterBytes) tell(this.#actor, { type: "queue.filled" });
    else tell(this.#actor, { type: "queue.drained" });
  }

  /** What came before is read first. */
  #finish(cause: BodyFailedError | null): void {
    this.#end = { error: cause === null ? null : new TypeError("terminated", { cause }) };
    this.#news.resolve();
  }

  #aborted(): void {
    tell(this.#actor, { type: "cancel" });
    this.#fail(this.#signal?.reason);
  }

  #unheard(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
  }

  /** What came before is dropped. */
  #fail(error: unknown): void {
    this.#unheard();
    this.#pieces = [];
    this.#bytes = 0;
    this.#end = { error };
    this.#controller?.error(error);
    this.#news.resolve();
  }
}
