import { z } from "zod";
import { type PathUri, PathUriError, parseWirePath } from "./path-uri/index.ts";

/**
 * A path in a request: a `file:` URI, or an absolute native path as June clients send it (04 P-49, P-52). What it means on
 * this host is found out later, by whoever owns the files (04 P-21).
 */
export const wirePath = z.string().transform((text, context): PathUri => {
  try {
    return parseWirePath(text);
  } catch (error) {
    if (!(error instanceof PathUriError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});
