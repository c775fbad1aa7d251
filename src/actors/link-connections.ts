import type { ClientConnection } from "./client-connection.ts";
import { ConnectionLostError } from "./link-errors.ts";

/** The physical connections of a link: the one in use, and the one of an attempt to connect or to resume (03 CL-2). */
export class LinkConnections {
  readonly #holders = new Set<object>();
  #installed: ClientConnection | null = null;
  #candidate: ClientConnection | null = null;

  /** The one in use, lost or not. */
  get installed(): ClientConnection | null {
    return this.#installed;
  }

  /** The newest. */
  get newest(): ClientConnection | null {
    return this.#candidate ?? this.#installed;
  }

  /** All there are. */
  get all(): readonly ClientConnection[] {
    return [this.#installed, this.#candidate].filter((connection) => connection !== null);
  }

  /** The one of the present attempt. @throws ConnectionLostError when it has ended meanwhile. */
  requireCandidate(): ClientConnection {
    if (this.#candidate === null || this.#candidate.isLost) throw new ConnectionLostError();
    return this.#candidate;
  }

  /** Is the newest not read? A candidate always is. */
  get isDeaf(): boolean {
    return this.#candidate === null && this.#isHeld;
  }

  /** A new connection is the candidate from now on. */
  opened(connection: ClientConnection): void {
    this.#candidate = connection;
  }

  /** The candidate becomes the one in use. */
  install(): void {
    this.#installed = this.#candidate;
    this.#candidate = null;
    this.throttle();
  }

  /** Ends the one in use, which stays where it is until another is installed. */
  dropInstalled(): void {
    this.#installed?.destroy();
  }

  /** Ends the one of an attempt that came to nothing. */
  dropCandidate(): void {
    this.#candidate?.destroy();
    this.#candidate = null;
  }

  /** Stops reading the one in use on behalf of a holder. */
  hold(holder: object): void {
    this.#holders.add(holder);
    this.throttle();
  }

  /** Goes on reading when nobody holds any more. */
  release(holder: object): void {
    this.#holders.delete(holder);
    this.throttle();
  }

  /** Calls in flight lift the brake until they are answered: their answers stand behind the output. */
  throttle(): void {
    this.#installed?.setPaused(this.#isHeld);
  }

  get #isHeld(): boolean {
    return this.#holders.size > 0 && (this.#installed?.calls.inFlight ?? 0) === 0;
  }
}
