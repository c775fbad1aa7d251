import { afterAll, beforeAll } from "vitest";
import { type RunningServer, startServer } from "../../conformance/peer/server.ts";
import { withReference } from "../suite/reference.ts";
import { clientSuite } from "../suite/suite.ts";
import { openEnvironment } from "./environment-venue.ts";

await withReference(() => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer("reference");
  });

  afterAll(() => server[Symbol.asyncDispose]());

  clientSuite({
    name: "an environment at Codex's URL",
    isReference: true,
    isEnvironment: true,
    open: (options) => openEnvironment({ url: server.url }, options),
  });
});
