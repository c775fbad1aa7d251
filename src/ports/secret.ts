import { randomBytes } from "node:crypto";

/** 256 bits that nobody can guess, as 43 characters that may stand in a URL. Always the operating system's own. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}
