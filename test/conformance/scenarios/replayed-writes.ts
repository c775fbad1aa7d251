import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import { chunksOf } from "../replay/match-read.ts";
import type { Scenario } from "./scenario.ts";

/** Accepted write ids that an executor remembers at least (03 SS-52). */
const remembered = 4_096;

const write = (writeId: string, text: string) => ({ processId: "p", writeId, chunk: btoa(text) });

/** A write whose answer may have been lost is sent again: with its id it is applied once. */
export const replayedWrites: Scenario = {
  name: "60 writes that are sent again after drops at random moments are applied once each, also 4095 writes later",
  rules: ["03 T-8", "03 SS-52"],
  async run(kind) {
    await using server = await startServer(kind);
    let client = await RpcClient.open(server.url);
    const { sessionId } = client;
    await client.result("process/start", startParams("p", ["cat"], { pipeStdin: true }));
    let expected = "";
    for (let n = 0; n < 60; n += 1) {
      const params = write(`w${n}`, `line ${n}\n`);
      client.send("process/write", params);
      await pause(Math.random() * 2);
      client.peer.drop();
      client = await RpcClient.resume(server.url, sessionId);
      expect(await client.result("process/write", params)).toEqual({ status: "accepted" });
      expected += `line ${n}\n`;
    }

    /** Everything that was written has come out again, and no more than that. */
    const expectOutput = async (end: string) => {
      await client.result("process/write", write(end, end));
      expected += end;
      const printed = async (): Promise<string> => {
        const chunks = chunksOf(await client.result("process/read", { processId: "p" }));
        const text = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
        return text.endsWith(end) ? text : printed();
      };
      expect(await printed()).toBe(expected);
    };
    await expectOutput("drops are over\n");

    const first = write("first", "first\n");
    await client.result("process/write", first);
    expected += "first\n";
    for (let n = 1; n < remembered; n += 1) {
      const sent = client.send("process/write", write(`later ${n}`, "."));
      expected += ".";
      if (n % 64 === 0 || n === remembered - 1) await client.answer(sent);
    }
    expect(await client.result("process/write", first)).toEqual({ status: "accepted" });
    await expectOutput("still known\n");
    if (kind === "reference") {
      // By now it is forgotten there.
      expect(await client.result("process/write", first)).toEqual({ status: "accepted" });
      expected += "first\n";
      await expectOutput("forgotten\n");
    }
    client.peer.drop();
  },
};
