import { rm } from "node:fs/promises";
import { afterAll, beforeAll } from "vitest";
import { codexHome } from "../../scripts/codex.ts";
import { connect } from "../../src/index.ts";
import { withReference } from "./suite/reference.ts";
import { clientSuite } from "./suite/suite.ts";
import { mortalCommand } from "./suite/venue.ts";

await withReference((codex) => {
  const command = [codex, "exec-server", "--listen", "stdio"] as const;
  let home: string;

  beforeAll(async () => {
    home = await codexHome();
  });

  afterAll(() => rm(home, { recursive: true }));

  clientSuite({
    name: "the stdio of Codex",
    isReference: true,
    open: (options) => connect({ command, env: { HOME: home, CODEX_HOME: home } }, options),
    openMortal: () => mortalCommand(command),
  });
});
