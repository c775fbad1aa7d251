/** Those may be sent again when a kept connection turns out to be closed (06 H-51a). */
export const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** A kept connection was closed by the origin before it answered, and the request may be made once more. */
export class StaleConnectionError extends Error {}
