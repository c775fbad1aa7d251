import { networkSuite } from "./network-suite.ts";

networkSuite("proctor");
