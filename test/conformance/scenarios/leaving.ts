import { expect, vi } from "vitest";
import { isAlive } from "../peer/process-tree.ts";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

/** Leaving on purpose: the reference cannot be told, and keeps everything for 30 s. */
export const leaving: Scenario = {
  name: "a client that leaves for good says so, and nothing of it is left; the reference waits for it",
  rules: ["03 D-14"],
  async run(kind) {
    await using server = await startServer(kind);
    const client = await RpcClient.open(server.url);
    await client.result("process/start", startParams("p", ["sh", "-c", "echo $$; exec sleep 1000"]));
    const printed = await client.event("process/output", "p");
    const pid = Number(Buffer.from(String(printed.params.chunk), "base64"));
    if (kind === "reference") {
      expect(await client.errorCode("session/end", {})).toBe(-32601);
      client.peer.drop();
      using next = await RpcClient.resume(server.url, client.sessionId);
      expect(isAlive(pid)).toBe(true);
      await next.result("process/terminate", { processId: "p" });
    } else {
      expect(await client.result("session/end", {})).toEqual({});
      client.peer.drop();
      await expect(RpcClient.resume(server.url, client.sessionId, 0)).rejects.toThrow("unknown session id");
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    }
  },
};
