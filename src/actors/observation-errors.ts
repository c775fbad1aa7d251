import { ProctorError } from "../protocol/errors.ts";

/** The session that was observed is over, and with it this process; how it ended cannot be known. */
export class SessionEndedError extends ProctorError {
  constructor(processId: string) {
    super("sessionEnded", `the session of process ${processId} was over before the process was`);
  }
}

/** An observed process ended while nobody followed it, longer ago than the executor remembers. */
export class ProcessGoneError extends ProctorError {
  constructor(processId: string, options: ErrorOptions = {}) {
    super("processGone", `process ${processId} ended unobserved, and the executor does not know it any more`, options);
  }
}
