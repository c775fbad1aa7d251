import { expect } from "vitest";
import { largestChunkBytes, retainedBytes } from "../deviations.ts";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import { chunksOf } from "../replay/match-read.ts";
import { type Chunk, ProcessRecord } from "../replay/process-record.ts";
import type { Scenario } from "./scenario.ts";

const TOTAL_BYTES = 3_000_000;
const PAGE_BYTES = 20_000;

/** Bulk output: the notifications carry everything, reads the newest whole chunks within the budget. */
export const retainedOutput: Scenario = {
  name: "of 3 000 000 bytes every one is notified, and the newest chunks can be read again",
  recording: "p17-retained-budget",
  rules: ["02 P-24", "02 P-31", "02 P-32", "02 P-34", "02 P-35"],
  async run(kind) {
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    await client.result("process/start", startParams("p", ["head", "-c", String(TOTAL_BYTES), "/dev/zero"]));
    const closed = await client.event("process/closed", "p");
    // The close may overtake others on the wire of the reference (01 W-44).
    await client.until(() => client.eventsOf("p").length >= Number(closed.params.seq), "events are missing");
    const complete = new ProcessRecord("p");
    for (const { method, params } of client.eventsOf("p")) complete.addNotification(method, params);
    expect(complete.numberingFaults()).toEqual([]);
    expect(complete.exit?.code).toBe(0);
    const notified = [...complete.chunks.values()].sort((a, b) => a.seq - b.seq);
    expect(sizeOf(notified)).toBe(TOTAL_BYTES);
    expect(notified.every(({ stream, bytes }) => stream === "stdout" && bytes.every((byte) => byte === 0))).toBe(true);
    const largest = largestChunkBytes[kind];
    expect(Math.max(...notified.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(largest);

    const nextSeq = Number(closed.params.seq) + 1;
    const state = { exited: true, exitCode: 0, closed: true, failure: null, sandboxDenied: false };
    const everything = await client.result("process/read", { processId: "p" });
    expect(everything).toMatchObject({ ...state, nextSeq });
    const kept = chunksOf(everything);
    expect(numbersOf(kept)).toEqual(numbersOf(notified.slice(-kept.length)));
    const budget = Math.min(retainedBytes[kind], TOTAL_BYTES);
    expect(sizeOf(kept)).toBeGreaterThan(budget - largest);
    expect(sizeOf(kept)).toBeLessThanOrEqual(budget);

    const page = await client.result("process/read", { processId: "p", afterSeq: 0, maxBytes: PAGE_BYTES });
    const first = chunksOf(page);
    expect(numbersOf(first)).toEqual(numbersOf(kept.slice(0, first.length)));
    // As many chunks as fit, but one in any case.
    if (first.length !== 1) expect(sizeOf(first)).toBeLessThanOrEqual(PAGE_BYTES);
    expect(sizeOf(kept.slice(0, first.length + 1))).toBeGreaterThan(PAGE_BYTES);
    expect(page).toMatchObject({ ...state, nextSeq: Number(first.at(-1)?.seq) + 1 });

    const beyond = { processId: "p", afterSeq: nextSeq - 1, maxBytes: PAGE_BYTES };
    expect(await client.result("process/read", beyond)).toMatchObject({ ...state, nextSeq, chunks: [] });
  },
};

const sizeOf = (chunks: readonly Chunk[]) => chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
const numbersOf = (chunks: readonly Chunk[]) => chunks.map(({ seq }) => seq);
