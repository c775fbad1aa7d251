import type { HandshakeOutcome } from "../machines/link-context.ts";
import { encodeNotification } from "../protocol/envelope.ts";
import { ProtocolError, RpcError } from "../protocol/errors.ts";
import type { Offer } from "../protocol/extensions.ts";
import type { ServerNotification, WireParams } from "../protocol/methods.ts";
import type { ClientConnection } from "./client-connection.ts";
import { SessionHeldError } from "./link-errors.ts";

/** What came of entering. */
export interface Entered extends HandshakeOutcome {
  /** The extensions of this executor, if it has any. */
  readonly offer: Offer | null;
}

/** What a link does on each new connection before that one can be used. */
export interface Entrance {
  /** Shakes hands. An error that is an `AttemptError` says whether another attempt is worth while (03 CL-13). */
  enter(connection: ClientConnection, resumeSessionId: string | null, signal: AbortSignal): Promise<Entered>;
  /** A notification that is not about a process. */
  notified?(notification: ServerNotification): void;
}

/** The ordinary entrance: begins a session, and resumes it ever after (03 CL-3, CL-11). */
export function ownSession(clientName: string): Entrance {
  return {
    enter: (connection, resumeSessionId, signal) => shakeHands(connection, { clientName, resumeSessionId }, signal),
  };
}

/**
 * The whole handshake: a new session, or the one that is named (01 W-33).
 * @throws SessionHeldError for the one refusal that is worth another attempt; RpcError for any other; ProtocolError when another
 *   session was resumed than the one that was asked for (03 CL-1).
 */
export async function shakeHands(
  connection: ClientConnection,
  params: WireParams<"initialize"> & { readonly resumeSessionId: string | null },
  signal: AbortSignal,
): Promise<Entered> {
  const { sessionId, proctor: offer = null } = await initialize(connection, params, signal);
  if (params.resumeSessionId !== null && sessionId !== params.resumeSessionId) {
    throw new ProtocolError("the executor resumed another session than the one that was asked for");
  }
  connection.send(encodeNotification("initialized", {}));
  return { sessionId, sessionTtlMs: offer?.sessionTtlMs ?? null, offer };
}

async function initialize(connection: ClientConnection, params: WireParams<"initialize">, signal: AbortSignal) {
  try {
    return await connection.call("initialize", params, signal);
  } catch (error) {
    // Our own old connection is still there, as the executor sees it (03 CL-13).
    throw error instanceof RpcError && error.code === "sessionAttached" ? new SessionHeldError(error) : error;
  }
}
