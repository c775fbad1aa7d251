import { parentPort, workerData } from "node:worker_threads";
import { posixProcessHost } from "../../../src/executor/spawn/posix-process-host.ts";

// A worker thread that tries to start a confined program, and tells what it was answered.
using host = posixProcessHost();
const files = {
  entries: [{ path: "/", access: "write" }],
  denyGlobs: [],
  globScanMaxDepth: null,
  platformDefaults: false,
} as const;
const nobody = {
  output: () => undefined,
  ended: () => undefined,
  exited: () => undefined,
  stdinClosed: () => undefined,
};
const spec = {
  argv: ["/usr/bin/touch", String(workerData)],
  arg0: null,
  cwd: "/",
  env: {},
  stdin: "none",
  confinement: { files, network: "restricted" },
} as const;
const told = await host.spawn(spec, nobody).then(
  () => "started",
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
parentPort?.postMessage(told);
