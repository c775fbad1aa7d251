import type { ServerNotification } from "../protocol/methods.ts";

/** A piece of a body, as it came. */
export type BodyDelta = Extract<ServerNotification, { readonly method: "http/request/bodyDelta" }>["params"];

/** Whoever takes in one body. */
export interface BodyFollower {
  notified(delta: BodyDelta): void;
  /** The connection over which it came is gone. */
  connectionLost(reason: string): void;
}

/** Who takes in which body of a link (06 C-2). */
export class RemoteBodies {
  readonly #byRequest = new Map<string, BodyFollower>();

  /** To be called before the request is sent: pieces can come before the answer. */
  add(requestId: string, follower: BodyFollower): void {
    this.#byRequest.set(requestId, follower);
  }

  remove(requestId: string): void {
    this.#byRequest.delete(requestId);
  }

  /** A piece that nobody waits for is ignored (06 C-3). */
  notified(delta: BodyDelta): void {
    this.#byRequest.get(delta.requestId)?.notified(delta);
  }

  /** Everything that was on its way fails at once (06 C-9). */
  connectionLost(reason: string): void {
    for (const follower of [...this.#byRequest.values()]) follower.connectionLost(reason);
  }
}
