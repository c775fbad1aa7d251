import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { rows } from "../../bench/rows/index.ts";
import { runRow } from "../../bench/run-row.ts";

// The sources instead of the compiled command, which a test does not have.
beforeAll(() => {
  vi.stubEnv("PROCTOR_MAIN", join(import.meta.dirname, "../../src/cli/main.ts"));
});

it.each(["echo", "sandboxed start", "output pipe", "stdin", "requests", "catch-up"])(
  "the row %s measures something on everyone",
  async (name) => {
    const row = rows.find((candidate) => candidate.name === name);
    if (row === undefined) throw new Error(`there is no row ${name}`);
    const options = { sizes: { scale: 0.005 }, subjects: ["proctor", "canned", "bare"], repetitions: 1 } as const;
    const { runs, failures } = await runRow({ ...row, warmUp: false }, options);
    expect(failures).toEqual([]);
    expect([...runs.keys()]).toEqual([...row.executors.filter((executor) => executor !== "codex"), "bare"]);
    for (const [subject, values] of runs) {
      expect(values, subject).toHaveLength(1);
      for (const measure of row.measures) expect(values[0]?.[measure.name], measure.name).toBeGreaterThanOrEqual(0);
    }
  },
);
