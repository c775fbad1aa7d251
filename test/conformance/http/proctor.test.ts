import { test } from "vitest";
import { recordings } from "./recordings.ts";
import { replayHttp } from "./replay.ts";

test.concurrent.each(recordings)("recorded HTTP against proctor: %s", { timeout: 60_000 }, (name) =>
  replayHttp(name, "proctor"),
);
