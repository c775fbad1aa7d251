import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect, type FileOptions } from "../../src/index.ts";
import { startServer } from "../conformance/peer/server.ts";
import { helperProcesses } from "../executor/sandbox/helper-processes.ts";

const MIB = 1024 * 1024;
/** What a few blocks take in each form that they pass through. */
const roomBytes = 192 * MIB;

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return Number(line) * 1_024;
}

const cases: readonly (readonly [sizeMiB: number, where: string, FileOptions])[] = [
  [2_048, "without a sandbox", {}],
  [512, "in a sandbox", { sandbox: "read-only" }],
];

test.each(cases)(
  "%d MiB are read %s, and nobody needs memory for more than a few blocks",
  { timeout: 180_000 },
  async (sizeMiB, _where, options) => {
    const folder = mkdtempSync("/var/tmp/proctor-large-");
    const path = join(folder, "sparse");
    writeFileSync(path, "begin");
    truncateSync(path, sizeMiB * MIB);
    await using server = await startServer("proctor");
    await using link = await connect(server.url);
    const executor = server.child.pid ?? 0;
    await link.files.stat(path, options); // what is needed for the first call is there
    const helper = helperProcesses(executor)[0];
    const before = { executor: residentBytes(executor), client: residentBytes(process.pid) };
    const peaks = { executor: 0, client: 0, helper: 0 };
    let total = 0;
    let pieces = 0;
    for await (const piece of link.files.createReadStream(path, options)) {
      total += piece.length;
      pieces += 1;
      if (pieces % 16 !== 0) continue;
      peaks.executor = Math.max(peaks.executor, residentBytes(executor) - before.executor);
      peaks.client = Math.max(peaks.client, residentBytes(process.pid) - before.client);
      if (helper !== undefined) peaks.helper = Math.max(peaks.helper, residentBytes(helper));
    }
    rmSync(folder, { recursive: true });
    expect(total).toBe(sizeMiB * MIB);
    expect(peaks.executor).toBeLessThan(roomBytes);
    expect(peaks.client).toBeLessThan(2 * roomBytes); // with what the test runner keeps
    expect(peaks.helper).toBeLessThan(roomBytes);
    expect(helper !== undefined).toBe(options.sandbox !== undefined);
  },
);
