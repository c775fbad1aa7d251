import { expect, test } from "vitest";
import { codexBinary } from "../../../scripts/codex.ts";
import { replayMcp } from "./mcp-replay.ts";
import { mcpRecordings, recordings } from "./recordings.ts";
import { replayHttp } from "./replay.ts";

const missing = await codexBinary().then(
  () => undefined,
  (error: unknown) => String(error),
);

if (missing === undefined) {
  test.concurrent.each(recordings)("recorded HTTP against the reference: %s", { timeout: 60_000 }, (name) =>
    replayHttp(name, "reference"),
  );
  test.concurrent.each(mcpRecordings)("recorded MCP against the reference: %s", { timeout: 60_000 }, (name) =>
    replayMcp(name, "reference"),
  );
} else if (process.env.CI) {
  test("the reference is at hand", () => expect.fail(missing));
} else {
  console.warn(`SKIPPED: recorded HTTP against the reference. ${missing}`);
  test.skip(`recorded HTTP against the reference: ${missing}`);
}
