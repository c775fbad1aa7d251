import { EncodedAnswer } from "../protocol/encoded-answer.ts";
import { encodeError, encodeResult, type RequestId } from "../protocol/envelope.ts";
import { RpcError, rpcError } from "../protocol/errors.ts";
import { LARGEST_SENT_BYTES, oversizeOf } from "../transports/message-limits.ts";
import { StreamedOutcome } from "./streamed-outcome.ts";

/**
 * A result that JSON cannot carry, or no message, is a fault of its own request: it must become neither a rejection that nobody
 * handles nor the end of the connection (03 D-15).
 */
export function encodeOutcome(id: RequestId, method: string, result: unknown): string | Uint8Array {
  try {
    const whole = result instanceof StreamedOutcome ? result.result : result;
    const answer = whole instanceof EncodedAnswer ? whole.encode(id) : encodeResult(id, whole);
    const oversize = oversizeOf(answer);
    return oversize === null ? answer : encodeError(id, tooLarge(method, oversize));
  } catch (error) {
    return encodeError(id, asRpcError(error));
  }
}

function tooLarge(method: string, bytes: number): RpcError {
  const message = `the answer to ${method}, ${bytes} bytes, does not fit one message of ${LARGEST_SENT_BYTES} bytes`;
  return rpcError("internalError", message, { bytes, limitBytes: LARGEST_SENT_BYTES });
}

/** An error that is not meant for the wire says what happened, as an internal error. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return rpcError("internalError", error instanceof Error ? error.message : String(error));
}
