import { expect, it } from "vitest";
import { recoveryDeadlineMs } from "../../src/machines/recovery-deadline.ts";

it.each([
  // configured, offered, deadline
  [25_000, 30_000, 25_000],
  [60_000, 30_000, 25_000],
  [25_000, 600_000, 25_000],
  [60_000, 600_000, 60_000],
  [Number.POSITIVE_INFINITY, 80_000, 75_000],
  [10_000, 30_000, 10_000],
  [60_000, null, 25_000],
  [10_000, null, 10_000],
  [25_000, 8_000, 4_000],
  [25_000, 0, 0],
])(
  "with %i ms wanted and a session of %s ms, a recovery gets %i ms (03 section 11)",
  (configured, offered, deadline) => {
    expect(recoveryDeadlineMs(configured, offered)).toBe(deadline);
  },
);
