/** The JSON-RPC error codes of the wire, by name. Only `protocol/` knows the numbers (01 W-48). */
export const errorCodes = {
  /** Malformed message, handshake state, duplicate or unknown process id, unknown session, permission denied. */
  invalidRequest: -32600,
  /** A request whose method does not exist here. */
  methodNotFound: -32601,
  /** Parameters that do not decode, or that this host can never accept. */
  invalidParams: -32602,
  /** The host refused: spawn failure, stdin gone, other file errors. */
  internalError: -32603,
  /** A file-system path or read handle that does not exist. */
  notFound: -32004,
  /** A resume of a session that another connection still holds; the one refusal worth retrying (01 W-37). */
  sessionAttached: -32010,
} as const;

/** The name of a wire error code. */
export type ErrorName = keyof typeof errorCodes;

const names = new Map<number, ErrorName>(Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorName]));

/** The name of a numeric code, or `undefined` for one this protocol does not define. */
export function errorName(code: number): ErrorName | undefined {
  return names.get(code);
}
