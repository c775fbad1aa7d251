import { dropMomentTests } from "./drop-moments.ts";
import { outageOutputTests } from "./outage-output.ts";
import { recoverySuite } from "./suite.ts";

recoverySuite("proctor");
dropMomentTests("proctor");
outageOutputTests("proctor");
