/** How long before the executor gives a session up its client does: a resume that comes too late must not be tried. */
const marginMs = 5_000;

/** An executor that offers nothing is taken for the reference, and keeps a session so long (03 `SESSION_TTL`). */
const referenceTtlMs = 30_000;

/**
 * From the loss of a connection to giving up, in milliseconds (03 section 11): what the user wants, but no longer than the
 * session lives, less a margin, which is half of that life where it is short.
 *
 * @param sessionTtlMs what the executor offered; `null`: nothing
 */
export function recoveryDeadlineMs(configuredMs: number, sessionTtlMs: number | null): number {
  const ttlMs = sessionTtlMs ?? referenceTtlMs;
  return Math.min(configuredMs, ttlMs - Math.min(marginMs, ttlMs / 2));
}
