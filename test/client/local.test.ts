import { localEnvironment } from "../../src/index.ts";
import { clientSuite } from "./suite/suite.ts";

clientSuite({ name: "memory", isReference: false, open: (options) => localEnvironment(options) });
