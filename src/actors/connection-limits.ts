/** Bounds of one connection (03 D-7). */
export const connectionLimits = {
  /** Requests that run at once; above it, reading pauses until one is answered. Waits do not count (01 B-1). */
  running: 128,
  /** Long polls, and writes to children that do not read, that wait at once; one more is refused. */
  waits: 1_024,
  /** Answers that wait for a slow reader; above it, reading pauses. Writing never does. */
  answerBytes: 8 * 1024 * 1024,
} as const;
