import { recoverySuite } from "./suite.ts";

recoverySuite("proctor");
