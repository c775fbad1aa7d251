import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

/** How often a client asks that wants its session back. */
const askEveryMs = 100;

/** A session whose connection has died without a word: the reference keeps it for the dead, a better server for the living. */
export const silentHolder: Scenario = {
  name: "a holder that gives no sign of life loses its session within 3 s to whoever asks; the reference lets it have it",
  rules: ["03 D-1"],
  async run(kind) {
    await using server = await startServer(kind);
    using silent = await RpcClient.connect(server.url, { answerPings: false });
    const { sessionId } = await silent.result("initialize", { clientName: "conformance" });
    silent.notify("initialized");
    using client = await RpcClient.connect(server.url);
    const params = { clientName: "conformance", resumeSessionId: String(sessionId) };
    let outcome: unknown = -32010;
    for (let askedMs = 0; askedMs < 3_000 && outcome === -32010; askedMs += askEveryMs) {
      const { body } = await client.answer(client.send("initialize", params));
      outcome = (body.error as { code?: unknown } | undefined)?.code ?? body.result;
      await pause(askEveryMs);
    }
    if (kind === "reference") expect(outcome).toBe(-32010);
    else expect(outcome).toMatchObject({ sessionId });
  },
};
