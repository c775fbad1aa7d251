import { join } from "node:path";
import { clientSuite } from "../suite/suite.ts";
import { openEnvironment } from "./environment-venue.ts";

const main = join(import.meta.dirname, "../../../src/cli/main.ts");

clientSuite({
  name: "an environment over stdio",
  isReference: false,
  isEnvironment: true,
  open: (options) =>
    openEnvironment({ program: process.execPath, args: [main, "serve", "--listen", "stdio"] }, options),
});
