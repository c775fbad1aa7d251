import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

const REQUESTS = 2_000;

/** How long the reference is given to show that it has stopped for good. */
const STALL_MS = 4_000;

/** 2000 requests in one write: the reference stops answering for ever and keeps the session; a better server does not. */
export const pipelining: Scenario = {
  name: "2000 requests written in one go are all answered, and the session can be resumed afterwards",
  recording: "w17-deadlock-under-pipelining",
  rules: ["01 W-45", "01 B-2", "03 D-7"],
  async run(kind) {
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    await client.result("process/start", startParams("leak", ["sleep", "45"]));
    const before = client.answers.length;
    const answered = () => client.answers.length - before;
    const ids = Array.from({ length: REQUESTS }, (_, index) => 1_001 + index);
    client.peer.sendAll(ids.map((id) => JSON.stringify({ id, method: "environment/info" })));

    if (kind === "reference") {
      await pause(STALL_MS);
      expect(answered()).toBeLessThan(REQUESTS);
    } else {
      await client.until(() => answered() === REQUESTS, "not all requests were answered");
      const seen = client.answers.slice(before).map(({ id }) => Number(id));
      expect(seen.toSorted((a, b) => a - b)).toEqual(ids);
    }
    client.peer.drop();

    if (kind === "reference") {
      await pause(500);
      using second = await RpcClient.connect(server.url);
      const params = { clientName: "conformance", resumeSessionId: client.sessionId };
      expect(await second.errorCode("initialize", params)).toBe(-32010);
    } else {
      using second = await RpcClient.resume(server.url, client.sessionId);
      expect(await second.result("process/terminate", { processId: "leak" })).toMatchObject({ running: true });
    }
  },
};
