import { expect } from "vitest";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import { ProcessRecord } from "../replay/process-record.ts";
import type { Scenario } from "./scenario.ts";

const BYTES = 2_000_000;

/** Both streams busy: the numbers have no gap; with Proctor the wire has their order too. */
export const interleavedStreams: Scenario = {
  name: "a process busy on both streams is numbered without gap, and nothing of either stream is lost",
  recording: "p30-interleaved-streams",
  rules: ["02 P-23", "02 P-25", "01 W-44", "01 B-4"],
  async run(kind) {
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    const command = `(head -c ${BYTES} /dev/zero) & (head -c ${BYTES} /dev/zero >&2) & wait`;
    const started = await client.answer(client.send("process/start", startParams("p", ["sh", "-c", command])));
    const closed = await client.event("process/closed", "p");
    await client.until(() => client.eventsOf("p").length >= Number(closed.params.seq), "events are missing");
    const record = new ProcessRecord("p");
    const events = client.eventsOf("p");
    for (const { method, params } of events) record.addNotification(method, params);
    expect(record.numberingFaults()).toEqual([]);
    expect(record.exit?.code).toBe(0);
    for (const name of ["stdout", "stderr"]) {
      const chunks = [...record.chunks.values()].filter(({ stream }) => stream === name);
      expect(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(BYTES);
    }
    if (kind === "reference") return; // its wire has inversions, and its first event may precede the answer
    const numbers = events.map(({ params }) => Number(params.seq));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(events[0]?.at).toBeGreaterThanOrEqual(started.at);
  },
};
