import { ProctorError } from "../protocol/errors.ts";

/** The name of a kind of trouble, out of a small set; never its text, which could be anybody's. */
export function errorTypeOf(error: unknown): string {
  if (error instanceof ProctorError) return error.code;
  const isAbort = error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError");
  return isAbort ? "aborted" : "other";
}
