import { ProtocolError, RpcError } from "../protocol/errors.ts";
import type { Offer } from "../protocol/extensions.ts";
import type { RequestName, Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { SessionHeldError } from "./link-errors.ts";

/** A new connection of a link, before anything else can be done over it. */
export interface Doorway {
  /** Calls a method; rejects when the connection is lost or the attempt is given up. */
  call<M extends RequestName>(method: M, params: WireParams<M>): Promise<Result<M>>;
  /** Says that the handshake is complete. */
  initialized(): void;
}

/** What is on the other side of the door. */
export interface Entered {
  readonly sessionId: string;
  readonly offer: Offer | null;
}

/** What a link does on each new connection before that one can be used. */
export interface Entrance {
  /** Shakes hands. An error that is an `AttemptError` says whether another attempt is worth while (03 CL-13). */
  enter(door: Doorway, resumeSessionId: string | null): Promise<Entered>;
  /** A notification that is not about a process. */
  notified?(notification: ServerNotification): void;
}

/** The whole handshake: a new session, or the one that is named (01 W-33). */
export async function shakeHands(door: Doorway, params: WireParams<"initialize">): Promise<Entered> {
  const { sessionId, proctor = null } = await initialize(door, params);
  if (params.resumeSessionId != null && sessionId !== params.resumeSessionId) {
    throw new ProtocolError("the executor resumed another session than the one that was asked for");
  }
  door.initialized();
  return { sessionId, offer: proctor };
}

async function initialize(door: Doorway, params: WireParams<"initialize">): Promise<Result<"initialize">> {
  try {
    return await door.call("initialize", params);
  } catch (error) {
    // The one refusal that is worth another attempt: our own old connection is still there, as the executor sees it.
    throw error instanceof RpcError && error.code === "sessionAttached" ? new SessionHeldError(error) : error;
  }
}

/** The ordinary entrance: begins a session, and resumes it ever after. */
export function ownSession(clientName: string): Entrance {
  return { enter: (door, resumeSessionId) => shakeHands(door, { clientName, resumeSessionId }) };
}
