import type { AttemptError } from "../machines/link-context.ts";
import { type Effect, ProctorError } from "../protocol/errors.ts";
import type { Feature } from "../protocol/extensions.ts";

/** The link failed for good: the executor was not reached, or the session could not be resumed. Every later call says the same. */
export class LinkFailedError extends ProctorError {
  /** Why, without the words around it. */
  readonly reason: string;

  constructor(reason: string, effect: Effect) {
    super("linkFailed", `the link to the executor failed: ${reason}`, { effect });
    this.reason = reason;
  }
}

/** The link was closed by its user. */
export class LinkClosedError extends ProctorError {
  constructor(effect: Effect) {
    super("linkClosed", "the link to the executor was closed", { effect });
  }
}

/** The connection was lost while a call was in flight that must not be repeated; the link itself recovers (03 CL-21, CL-22). */
export class DisconnectedError extends ProctorError {
  readonly method: string;

  constructor(method: string) {
    super("disconnected", `the connection was lost before ${method} was answered`, { effect: "unknown" });
    this.method = method;
  }
}

/** Too many calls wait on one link; this one was not sent. */
export class TooManyCallsError extends ProctorError {
  constructor(limit: number) {
    super("tooManyCalls", `${limit} calls wait on this link already`);
  }
}

/** A call that is larger than one message may be; nothing was sent (03 D-15). */
export class TooLargeError extends ProctorError {
  readonly method: string;
  /** The size of the call as a message, at least. */
  readonly bytes: number;
  readonly limitBytes: number;

  constructor(method: string, bytes: number, limitBytes: number, options: ErrorOptions = {}) {
    super(
      "tooLarge",
      `a call of ${method} with ${bytes} bytes does not fit one message of ${limitBytes} bytes`,
      options,
    );
    this.method = method;
    this.bytes = bytes;
    this.limitBytes = limitBytes;
  }
}

/** The executor does not offer this; a Proctor executor does, the reference does not (03 section 11). Nothing was sent. */
export class UnsupportedError extends ProctorError {
  /** The extension that is missing. */
  readonly feature: Feature;

  constructor(feature: Feature) {
    super("unsupported", `this executor does not offer the extension ${feature}`);
    this.feature = feature;
  }
}

/** The connection of an attempt to connect or to resume ended. Inside the link only. */
export class ConnectionLostError extends ProctorError implements AttemptError {
  /** Another attempt may fare better (03 CL-13). */
  readonly isRetryable = true;

  constructor() {
    super("connectionLost", "the connection was lost", { effect: "unknown" });
  }
}

/** The session is still held by another connection, most likely our own old one (03 CL-13). */
export class SessionHeldError extends ProctorError implements AttemptError {
  readonly isRetryable = true;

  constructor(cause: unknown) {
    super("sessionHeld", "the session is still attached to another connection", { cause });
  }
}
