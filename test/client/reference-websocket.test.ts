import { afterAll, beforeAll } from "vitest";
import { connect } from "../../src/index.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";
import { withReference } from "./suite/reference.ts";
import { clientSuite } from "./suite/suite.ts";
import { mortalServer } from "./suite/venue.ts";

await withReference(() => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer("reference");
  });

  afterAll(() => server[Symbol.asyncDispose]());

  clientSuite({
    name: "the websocket of Codex",
    isReference: true,
    open: (options) => connect(server.url, options),
    openMortal: () => mortalServer("reference"),
    recovers: true,
  });
});
