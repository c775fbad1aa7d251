import { httpSuite } from "./http-suite.ts";

httpSuite("proctor");
