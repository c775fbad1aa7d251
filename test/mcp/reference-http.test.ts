import { withReference } from "../client/suite/reference.ts";
import { httpSuite } from "./http-suite.ts";

await withReference(() => httpSuite("reference"));
