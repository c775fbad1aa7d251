import { expect } from "vitest";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

const stranger = "00000000-0000-4000-8000-000000000000";

/** What an `initialize` is refused for, in the words that clients know. */
export const resumeRefusals: Scenario = {
  name: "a session that is unknown or held is refused, and the same connection may go on to begin one, once",
  rules: ["03 T-1", "03 SS-2", "03 SS-3"],
  async run(kind) {
    await using server = await startServer(kind);
    using holder = await RpcClient.open(server.url);
    using client = await RpcClient.connect(server.url);
    const initialize = async (params: object) => {
      const { body } = await client.answer(client.send("initialize", { clientName: "conformance", ...params }));
      return body;
    };
    expect((await initialize({ resumeSessionId: stranger })).error).toEqual({
      code: -32600,
      message: `unknown session id ${stranger}`,
    });
    expect((await initialize({ resumeSessionId: holder.sessionId })).error).toEqual({
      code: -32010,
      message: `session ${holder.sessionId} is already attached to another connection`,
    });
    const { result } = await initialize({});
    expect(result).toMatchObject({ sessionId: expect.any(String) });
    expect((await initialize({})).error).toEqual({
      code: -32600,
      message: "initialize may only be sent once per connection",
    });
    client.notify("initialized");
    expect(await client.result("environment/info", {})).toHaveProperty("shell");
    expect(await holder.result("environment/info", {})).toHaveProperty("shell");
  },
};
