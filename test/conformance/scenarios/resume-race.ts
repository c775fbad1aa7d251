import { expect } from "vitest";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

/** Many connections that ask for the same detached session at the same time. */
export const resumeRace: Scenario = {
  name: "of eight that race for a detached session one gets it, and seven are told that it is held",
  rules: ["03 T-3", "03 SS-16", "03 I-13"],
  async run(kind) {
    await using server = await startServer(kind);
    const { sessionId, peer } = await RpcClient.open(server.url);
    const racers = await Promise.all(Array.from({ length: 8 }, () => RpcClient.connect(server.url)));
    const race = async () => {
      const params = { clientName: "conformance", resumeSessionId: sessionId };
      const sent = racers.map((racer) => racer.send("initialize", params));
      const bodies = await Promise.all(sent.map(async (id, n) => (await racers[n]?.answer(id))?.body));
      return bodies.map((body) => (body?.error as { code?: unknown } | undefined)?.code ?? body?.result);
    };
    peer.drop();
    let outcomes = await race();
    // The server may not have heard of the drop yet; then everybody is refused, and may ask again.
    while (outcomes.every((outcome) => outcome === -32010)) outcomes = await race();
    const [winner, ...others] = outcomes.toSorted(
      (a, b) => Number(typeof a === "number") - Number(typeof b === "number"),
    );
    expect(winner).toMatchObject({ sessionId });
    expect(others).toEqual(Array(7).fill(-32010));
    for (const racer of racers) racer.peer.drop();
  },
};
