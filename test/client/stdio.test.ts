import { join } from "node:path";
import { connect } from "../../src/index.ts";
import { clientSuite } from "./suite/suite.ts";
import { mortalCommand } from "./suite/venue.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");
const command = [process.execPath, main, "serve", "--listen", "stdio"] as const;

clientSuite({
  name: "our stdio",
  isReference: false,
  open: (options) => connect({ command }, options),
  openMortal: () => mortalCommand(command),
});
