import { test } from "vitest";
import { replayMcp } from "./mcp-replay.ts";
import { laterRecordings, mcpRecordings, recordings } from "./recordings.ts";
import { replayHttp } from "./replay.ts";

test.concurrent.each([...recordings, ...laterRecordings])(
  "recorded HTTP against proctor: %s",
  { timeout: 60_000 },
  (name) => replayHttp(name, "proctor"),
);

test.concurrent.each(mcpRecordings)("recorded MCP against proctor: %s", { timeout: 60_000 }, (name) =>
  replayMcp(name, "proctor"),
);
