import { withReference } from "../../client/suite/reference.ts";
import { networkSuite } from "./network-suite.ts";

await withReference(() => networkSuite("reference"));
