import { ProctorError } from "../protocol/errors.ts";

/** The body of a response broke off: the executor could not read all of it, or sent it in disorder (06 C-4, C-5). */
export class BodyFailedError extends ProctorError {
  readonly requestId: string;

  constructor(requestId: string, reason: string) {
    super("bodyFailed", `http response stream \`${requestId}\` ${reason}`, { effect: "unknown" });
    this.requestId = requestId;
  }
}

/** The connection was lost while a body was on its way; bodies are not resumed (06 C-9). */
export class BodyLostError extends ProctorError {
  readonly requestId: string;

  constructor(requestId: string, reason: string) {
    const message = `http response stream \`${requestId}\` failed: transport disconnected: ${reason}`;
    super("bodyLost", message, { effect: "unknown" });
    this.requestId = requestId;
  }
}
