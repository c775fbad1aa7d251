import { afterAll, beforeAll, expect, it } from "vitest";
import { connect, observe, UnsupportedError } from "../../src/index.ts";
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

  it("lets nobody observe: the attempt is refused before the key is sent", async () => {
    const failure = await observe(server.url, "a key").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnsupportedError);
    expect(failure).toMatchObject({ code: "unsupported", feature: "observe", effect: "notApplied" });
  });
});
