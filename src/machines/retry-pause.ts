/** How often a lost connection is tried again: `direct`, or `provided` where somebody is asked for a URL before each dial. */
export type RetryPace = "direct" | "provided";

/**
 * How long to wait after the n-th failed attempt to resume a session, n from 1 (03 D-10, I-23). The first attempt is made at
 * once; then after 50 ms, then every 100 ms. Up to a fifth either way keeps many clients of one executor from dialling in
 * step; it depends on the session and n alone, so that a run can be repeated. Where the URL of each dial is asked for first, it is
 * 0.5 s, then twice as long each time up to 5 s, and up to half of it more (03 CL-14, 07 E-33).
 */
export function retryPauseMs(sessionId: string, attempt: number, pace: RetryPace = "direct"): number {
  if (pace === "provided") {
    const base = Math.min(500 * 2 ** Math.min(Math.max(attempt - 1, 0), 4), 5_000);
    return Math.round(base * (1 + 0.5 * fraction(`${sessionId} ${attempt}`)));
  }
  const base = attempt <= 1 ? 50 : 100;
  return Math.round(base * (0.8 + 0.4 * fraction(`${sessionId} ${attempt}`)));
}

/** A well mixed number from 0 to 1 for a text (FNV-1a with a final avalanche). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
