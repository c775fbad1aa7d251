import { ProctorError } from "../protocol/errors.ts";

/** A recording cannot be written, or what should be one is none. */
export class RecordingError extends ProctorError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super("recording", message, options);
  }
}
