import { type Effect, ProctorError } from "../protocol/errors.ts";

/** The link failed: the executor was not reached, or the connection ended. Every later call fails with the same reason. */
export class LinkFailedError extends ProctorError {
  constructor(reason: string, effect: Effect) {
    super("linkFailed", `the link to the executor failed: ${reason}`, { effect });
  }
}

/** The link was closed by its user. */
export class LinkClosedError extends ProctorError {
  constructor(effect: Effect) {
    super("linkClosed", "the link to the executor was closed", { effect });
  }
}

/** Too many calls wait on one link; this one was not sent. */
export class TooManyCallsError extends ProctorError {
  constructor(limit: number) {
    super("tooManyCalls", `${limit} calls wait on this link already`);
  }
}
