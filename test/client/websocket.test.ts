import { afterAll, beforeAll } from "vitest";
import { connect, type Server, serve } from "../../src/index.ts";
import { clientSuite } from "./suite/suite.ts";
import { mortalServer } from "./suite/venue.ts";

let server: Server;

beforeAll(async () => {
  server = await serve();
});

afterAll(() => server.close());

clientSuite({
  name: "our websocket",
  isReference: false,
  open: (options) => connect(server.url, options),
  openMortal: () => mortalServer("proctor"),
  recovers: true,
});
