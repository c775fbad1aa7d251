import fc from "fast-check";
import { expect, it } from "vitest";
import { retryPauseMs } from "../../src/machines/retry-pause.ts";
import { verifies } from "../rules/verifies.ts";

it("is 50 ms after the first failure and 100 ms after every other, a fifth more or less (03 D-10, I-23)", () => {
  verifies("03 D-10", "03 I-23");
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 1_000_000 }), (sessionId, attempt) => {
      const base = attempt === 1 ? 50 : 100;
      const pause = retryPauseMs(sessionId, attempt);
      expect(pause).toBeGreaterThanOrEqual(base * 0.8);
      expect(pause).toBeLessThanOrEqual(base * 1.2);
    }),
  );
});

it("grows from 0.5 s to 5 s, and by half at most, where each dial asks for a URL first (03 CL-14, 07 E-33)", () => {
  verifies("03 CL-14", "07 E-33");
  const bases = [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000];
  fc.assert(
    fc.property(fc.string(), (sessionId) => {
      for (const [index, base] of bases.entries()) {
        const pause = retryPauseMs(sessionId, index + 1, "provided");
        expect(pause).toBeGreaterThanOrEqual(base);
        expect(pause).toBeLessThanOrEqual(base * 1.5);
        expect(pause).toBe(retryPauseMs(sessionId, index + 1, "provided"));
      }
    }),
  );
  const first = Array.from({ length: 1_000 }, (_, n) => retryPauseMs(`session-${n}`, 1, "provided"));
  expect(new Set(first).size).toBeGreaterThan(200);
});

it("depends on the session and the attempt alone, so that a run can be repeated (03 I-23)", () => {
  verifies("03 I-23");
  fc.assert(
    fc.property(fc.string(), fc.nat(), (sessionId, attempt) => {
      expect(retryPauseMs(sessionId, attempt)).toBe(retryPauseMs(sessionId, attempt));
    }),
  );
});

it("spreads the clients of one executor over the whole range, and each client over its attempts (03 D-10)", () => {
  verifies("03 D-10");
  const spread = (pauses: readonly number[]) => {
    // 41 whole milliseconds are possible; of a thousand draws none may be much favoured.
    const counts = [...Map.groupBy(pauses, (pause) => pause).values()].map(({ length }) => length);
    expect(counts).toHaveLength(41);
    expect(Math.max(...counts)).toBeLessThan(pauses.length / 15);
  };
  spread(Array.from({ length: 1_000 }, (_, n) => retryPauseMs(`session-${n}`, 7)));
  spread(Array.from({ length: 1_000 }, (_, n) => retryPauseMs("5d57a3d0-84c3-4f7e-975a-45232678fc46", n + 2)));
});
