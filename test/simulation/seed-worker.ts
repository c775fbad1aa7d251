import { parentPort } from "node:worker_threads";
import { type Batch, runBatch } from "./seed-batches.ts";

/** Runs what it is told to in a thread of its own. */
parentPort?.on("message", async (batch: Batch) => parentPort?.postMessage(await runBatch(batch)));
