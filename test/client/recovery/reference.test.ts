import { withReference } from "../suite/reference.ts";
import { dropMomentTests } from "./drop-moments.ts";
import { outageOutputTests } from "./outage-output.ts";
import { recoverySuite } from "./suite.ts";

await withReference(() => {
  recoverySuite("reference");
  dropMomentTests("reference");
  outageOutputTests("reference");
});
