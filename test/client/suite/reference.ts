import { expect, test } from "vitest";
import { codexBinary } from "../../../scripts/codex.ts";

/**
 * Defines tests that need the real Codex binary. Where it is not at hand they are shown as skipped with what to do about
 * it; in continuous integration that is a failure.
 */
export async function withReference(define: (codex: string) => void): Promise<void> {
  const codex = await codexBinary().catch((error: unknown) => new Error(String(error)));
  if (typeof codex === "string") define(codex);
  else if (process.env.CI) test("the reference is at hand", () => expect.fail(codex.message));
  else test.skip(`everything against the reference: ${codex.message}`);
}
