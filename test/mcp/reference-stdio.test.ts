import { withReference } from "../client/suite/reference.ts";
import { stdioSuite } from "./stdio-suite.ts";

await withReference(() => stdioSuite("reference"));
