import { withReference } from "../suite/reference.ts";
import { recoverySuite } from "./suite.ts";

await withReference(() => recoverySuite("reference"));
