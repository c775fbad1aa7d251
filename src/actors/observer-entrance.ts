import type { AttemptError } from "../machines/link-context.ts";
import { ProctorError, RpcError } from "../protocol/errors.ts";
import type { ObservedListing } from "../protocol/extensions.ts";
import type { Result, ServerNotification } from "../protocol/methods.ts";
import type { ClientConnection } from "./client-connection.ts";
import { type Entered, type Entrance, shakeHands } from "./entrance.ts";
import { UnsupportedError } from "./link-errors.ts";

/** Who wants to hear of the observed session. */
export interface SessionListener {
  /** The processes as they are now, those that are still starting excepted. */
  listed(processes: readonly ObservedListing[]): void;
  /** A process has started, or there is something of it to read that was not pushed. */
  process(listing: ObservedListing): void;
  /** The session is over. */
  sessionEnded(): void;
}

/** There are too many observers, perhaps because a lost connection of our own still counts as one. */
class TooManyObserversError extends ProctorError implements AttemptError {
  readonly isRetryable = true;

  constructor(cause: RpcError) {
    super("tooManyObservers", cause.message, { cause });
  }
}

/**
 * The entrance of an observer (03 section 11): on each connection it asks anew to observe the session, since there is nothing
 * to resume. It alone knows the key.
 */
export class ObserverEntrance implements Entrance {
  readonly #clientName: string;
  readonly #key: string;
  readonly #listener: SessionListener;
  #hasObserved = false;
  #refusal: ProctorError | null = null;

  constructor(clientName: string, key: string, listener: SessionListener) {
    this.#clientName = clientName;
    this.#key = key;
    this.#listener = listener;
  }

  /** Why the executor did not let us in, if that is what happened. */
  get refusal(): ProctorError | null {
    return this.#refusal;
  }

  async enter(connection: ClientConnection, _session: string | null, signal: AbortSignal): Promise<Entered> {
    const entered = await shakeHands(connection, { clientName: this.#clientName, resumeSessionId: null }, signal);
    const { processes } = await this.#observe(connection, entered, signal);
    this.#hasObserved = true;
    this.#listener.listed(processes);
    // There is no session of its own that it could lose by coming back late.
    return { ...entered, sessionTtlMs: null };
  }

  notified({ method, params }: ServerNotification): void {
    if (method === "session/process") this.#listener.process(params);
    if (method === "session/ended") this.#listener.sessionEnded();
  }

  async #observe(
    connection: ClientConnection,
    { offer }: Entered,
    signal: AbortSignal,
  ): Promise<Result<"session/observe">> {
    try {
      if (!offer?.features.includes("observe")) throw new UnsupportedError("observe");
      return await connection.call("session/observe", { observerKey: this.#key }, signal);
    } catch (error) {
      if (!(error instanceof RpcError || error instanceof UnsupportedError)) throw error;
      this.#refusal = error;
      if (isTooMany(error)) throw new TooManyObserversError(error);
      // What could be observed before and is not known any more is over.
      if (this.#hasObserved) this.#listener.sessionEnded();
      throw error;
    }
  }
}

function isTooMany(error: unknown): error is RpcError {
  if (!(error instanceof RpcError) || typeof error.data !== "object" || error.data === null) return false;
  return "reason" in error.data && error.data.reason === "tooManyObservers";
}
