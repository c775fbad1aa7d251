import { type ErrorName, errorCodes, errorName } from "./error-codes.ts";

/** What is known about the remote effect of a call that failed. */
export type Effect = "applied" | "notApplied" | "unknown";

/** What a link was like at a moment. */
export interface LinkStanding {
  /** The outer state of its statechart. */
  readonly state: string;
  /** Ordinal of the connection in use. */
  readonly generation: number;
}

/** Options common to every Proctor error. */
export interface ProctorErrorOptions extends ErrorOptions {
  /** Default `notApplied`: most errors are refusals. */
  readonly effect?: Effect;
}

const brand = Symbol.for("proctor.error");

/**
 * The root of every error that Proctor throws. Callers branch on `code` or `instanceof`, never on text. The brand lets
 * `instanceof ProctorError` hold across two copies of the library in one program.
 */
export class ProctorError extends Error {
  /** A stable, machine-readable name of the kind of trouble. */
  readonly code: string;
  /** What is known about the effect of the call that failed. */
  readonly effect: Effect;
  /** What the link was like when its call failed (03 D-17); `null` for errors of anything else. */
  link: LinkStanding | null = null;

  constructor(code: string, message: string, options: ProctorErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.effect = options.effect ?? "notApplied";
  }

  get [brand](): true {
    return true;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ProctorError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && brand in value;
  }
}

/**
 * A JSON-RPC error: what an executor answers, and what a client throws when it got such an answer.
 * `code` is the name of the wire code (01 W-48), `rpcCode` the number itself.
 */
export class RpcError extends ProctorError {
  /** The number on the wire. */
  readonly rpcCode: number;
  /** Optional structured detail (04 F-6); the reference never sends any and ignores ours. */
  readonly data: unknown;

  constructor(rpcCode: number, message: string, options: ProctorErrorOptions & { readonly data?: unknown } = {}) {
    // An internal error may strike in the middle of the work; every other answer is a refusal.
    const effect = rpcCode === errorCodes.internalError ? "unknown" : "notApplied";
    super(errorName(rpcCode) ?? "unknownRpcError", message, { effect, ...options });
    this.rpcCode = rpcCode;
    this.data = options.data;
  }
}

/** Shorthand: an {@link RpcError} by the name of its code. */
export function rpcError(name: ErrorName, message: string, data?: unknown): RpcError {
  return new RpcError(errorCodes[name], message, data === undefined ? {} : { data });
}

/**
 * The text of the refusal of a request whose connection has lost its session to another one (01 W-47). It says nothing of the
 * request, which may have been done: it is the connection that is over.
 */
export const sessionTakenOver = "session has been resumed by another connection";

/**
 * How the refusal of a start ends whose process was to be ended before it was up (03 SS-54). What it says of the effect is
 * nothing: the program may have run until it was killed.
 */
export const startCancelled = "start was cancelled";

/** A peer sent something that the protocol does not allow; the connection cannot go on. */
export class ProtocolError extends ProctorError {
  constructor(message: string, options: ProctorErrorOptions = {}) {
    super("protocol", message, { effect: "unknown", ...options });
  }
}
