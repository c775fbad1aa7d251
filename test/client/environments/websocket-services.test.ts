import { afterAll, beforeAll } from "vitest";
import { type Server, serve } from "../../../src/index.ts";
import { clientSuite } from "../suite/suite.ts";
import { openEnvironment } from "./environment-venue.ts";

let server: Server;

beforeAll(async () => {
  server = await serve();
});

afterAll(() => server.close());

clientSuite({
  name: "an environment at a URL",
  isReference: false,
  isEnvironment: true,
  open: (options) => openEnvironment({ url: server.url }, options),
});
