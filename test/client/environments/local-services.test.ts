import { clientSuite } from "../suite/suite.ts";
import { openEnvironment } from "./environment-venue.ts";

clientSuite({
  name: "the environment of this machine",
  isReference: false,
  isEnvironment: true,
  open: (options) => openEnvironment(null, options),
});
