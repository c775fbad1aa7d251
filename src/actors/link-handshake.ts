import { encodeNotification } from "../protocol/envelope.ts";
import { ProtocolError, RpcError } from "../protocol/errors.ts";
import type { Offer } from "../protocol/extensions.ts";
import type { WireParams } from "../protocol/methods.ts";
import type { ClientConnection } from "./client-connection.ts";
import { SessionHeldError } from "./link-errors.ts";

/** What came of a handshake. */
export interface Handshake {
  readonly sessionId: string;
  /** The extensions of this executor, if it has any. */
  readonly offer: Offer | null;
}

/**
 * Begins a session on a new connection, or resumes the one that is named (03 CL-3, CL-11).
 * @throws SessionHeldError for the one refusal that is worth another attempt; RpcError for any other; ProtocolError when another
 *   session was resumed than the one that was asked for (03 CL-1).
 */
export async function shakeHands(
  connection: ClientConnection,
  params: WireParams<"initialize"> & { readonly resumeSessionId: string | null },
  signal: AbortSignal,
): Promise<Handshake> {
  const { sessionId, proctor: offer = null } = await initialize(connection, params, signal);
  if (params.resumeSessionId !== null && sessionId !== params.resumeSessionId) {
    throw new ProtocolError("the executor resumed another session than the one that was asked for");
  }
  connection.send(encodeNotification("initialized", {}));
  return { sessionId, offer };
}

async function initialize(connection: ClientConnection, params: WireParams<"initialize">, signal: AbortSignal) {
  try {
    return await connection.call("initialize", params, signal);
  } catch (error) {
    // Our own old connection is still there, as the executor sees it (03 CL-13).
    throw error instanceof RpcError && error.code === "sessionAttached" ? new SessionHeldError(error) : error;
  }
}
