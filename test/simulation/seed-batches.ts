import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { runSeed } from "./seeds.ts";

/** What a row of seeds came to. */
export interface BatchResult {
  readonly runs: number;
  readonly steps: number;
  readonly virtualMs: number;
  /** The first seed that failed, and what it said. */
  readonly failed: { readonly seed: number; readonly violation: string } | null;
}

/** Seeds from the first one on. */
export interface Batch {
  readonly first: number;
  readonly runs: number;
  readonly twice: boolean;
}

/** Fewer seeds than this are not worth a second thread, which has to load everything again. */
const leastPerThread = 500;
const batchRuns = 50;

/** Runs seeds one after the other, up to the first that fails. */
export async function runBatch({ first, runs, twice }: Batch): Promise<BatchResult> {
  const sum = { runs: 0, steps: 0, virtualMs: 0 };
  for (let seed = first; seed < first + runs; seed += 1) {
    const { outcome, minimal } = await runSeed(seed, { shrinks: false, twice });
    sum.runs += 1;
    sum.steps += outcome.steps;
    sum.virtualMs += outcome.virtualMs;
    if (minimal !== null) return { ...sum, failed: { seed, violation: minimal.outcome.violations[0] ?? "" } };
  }
  return { ...sum, failed: null };
}

/** Runs many seeds on all cores. Which seed is told to fail first does not depend on the number of cores. */
export async function runAll(batch: Batch): Promise<BatchResult> {
  const threads = Math.min(availableParallelism(), Math.floor(batch.runs / leastPerThread));
  if (threads < 2) return runBatch(batch);
  const end = batch.first + batch.runs;
  const results: BatchResult[] = [];
  let next = batch.first;
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
      // Batches are begun in order and finished once begun, so that no seed before a failing one is left out.
      while (next < end && results.every(({ failed }) => failed === null)) {
        const first = next;
        next += batchRuns;
        results.push(await batchOn(worker, { ...batch, first, runs: Math.min(batchRuns, end - first) }));
      }
      await worker.terminate();
    }),
  );
  const failures = results.flatMap(({ failed }) => (failed === null ? [] : [failed]));
  return {
    runs: results.reduce((sum, { runs }) => sum + runs, 0),
    steps: results.reduce((sum, { steps }) => sum + steps, 0),
    virtualMs: results.reduce((sum, { virtualMs }) => sum + virtualMs, 0),
    failed: failures.toSorted((a, b) => a.seed - b.seed)[0] ?? null,
  };
}

function batchOn(worker: Worker, batch: Batch): Promise<BatchResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BatchResult>();
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.postMessage(batch);
  return promise.finally(() => {
    worker.off("message", resolve);
    worker.off("error", reject);
  });
}
