import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";

/** The listener could not be bound; the message is the one of the wire where it has one (01 W-4). */
export class ListenError extends ProctorError {
  constructor(message: string, options?: ProctorErrorOptions) {
    super("listen", message, options);
  }
}
