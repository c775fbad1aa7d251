import { describe } from "vitest";
import { environmentTests } from "./environment.ts";
import { extensionTests } from "./extensions.ts";
import { fileTests } from "./files.ts";
import { killedExecutorTests } from "./killed-executor.ts";
import { lifetimeTests } from "./lifetimes.ts";
import { outputTests } from "./output.ts";
import { processTests } from "./processes.ts";
import { sandboxTests } from "./sandboxes.ts";
import { stdinTests } from "./stdin.ts";
import { terminalTests } from "./terminals.ts";
import { treeTests } from "./trees.ts";
import type { Venue } from "./venue.ts";

/** What the client library promises, over one way to reach an executor. */
export function clientSuite(venue: Venue): void {
  describe(`a link over ${venue.name}`, { timeout: 60_000 }, () => {
    processTests(venue);
    outputTests(venue);
    sandboxTests(venue);
    stdinTests(venue);
    terminalTests(venue);
    environmentTests(venue);
    lifetimeTests(venue);
    fileTests(venue);
    treeTests(venue);
    extensionTests(venue);
    const { openMortal, recovers = false } = venue;
    if (openMortal !== undefined) killedExecutorTests({ openMortal, recovers });
  });
}
