import { stdioSuite } from "./stdio-suite.ts";

stdioSuite("proctor");
