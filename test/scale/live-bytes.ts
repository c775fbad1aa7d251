/** What this program holds of memory once the collector has been through; needs `--expose-gc`. */
export async function liveBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("start this program with --expose-gc");
  // Buffers are let go of by finalizers, which run a turn after the collection that finds them.
  for (let turns = 0; turns < 2; turns += 1) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
