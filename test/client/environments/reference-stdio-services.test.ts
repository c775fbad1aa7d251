import { rm } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import { codexHome } from "../../../scripts/codex.ts";
import { withReference } from "../suite/reference.ts";
import { clientSuite } from "../suite/suite.ts";
import { openEnvironment } from "./environment-venue.ts";

await withReference((codex) => {
  let home: string;

  beforeAll(async () => {
    home = await codexHome();
  });

  afterAll(() => rm(home, { recursive: true }));

  clientSuite({
    name: "an environment over the stdio of Codex",
    isReference: true,
    isEnvironment: true,
    open: (options) => {
      const env = { HOME: home, CODEX_HOME: home };
      return openEnvironment({ program: codex, args: ["exec-server", "--listen", "stdio"], env }, options);
    },
  });
});
