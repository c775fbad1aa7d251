import { expect } from "vitest";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

const POLL_MS = 1_000;

/** A request right behind a long poll: the reference answers it after the poll, a better server at once. */
export const headOfLine: Scenario = {
  name: "a long poll on a quiet process does not delay the request behind it",
  rules: ["01 W-41", "01 B-1"],
  async run(kind) {
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    await client.result("process/start", startParams("quiet", ["sleep", "20"]));
    const sent = performance.now();
    const poll = client.send("process/read", { processId: "quiet", waitMs: POLL_MS });
    const info = await client.answer(client.send("environment/info"));
    const polled = await client.answer(poll);
    expect(polled.at - sent).toBeGreaterThan(POLL_MS * 0.95);
    if (kind === "reference") expect(info.at).toBeGreaterThanOrEqual(polled.at);
    else expect(info.at - sent).toBeLessThan(POLL_MS / 2);
  },
};
