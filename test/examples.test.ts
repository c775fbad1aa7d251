import { execa } from "execa";
import { expect, test } from "vitest";

test("the demonstration runs to its end, in time and without an error", { timeout: 60_000 }, async () => {
  const { stdout, stderr, exitCode, durationMs } = await execa(process.execPath, ["examples/demo.ts"], {
    reject: false,
  });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toMatch(/all \d+ events from 1 to \d+ are there, without a gap/);
  expect(durationMs).toBeLessThan(20_000);
});
