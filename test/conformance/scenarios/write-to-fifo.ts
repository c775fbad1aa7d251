import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { layFixture, shell } from "../fixtures/fixture.ts";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import { readTranscript } from "../replay/transcript.ts";
import type { Scenario } from "./scenario.ts";

const recording = "fs-writefile-fifo";

/** fs/writeFile onto a FIFO: the reference blocks until a reader comes, and all behind it with it. */
export const writeToFifo: Scenario = {
  name: "writing a FIFO that nobody reads holds nothing up",
  recording,
  rules: ["04 F-7", "04 F-20"],
  async run(kind) {
    await using fixture = await layFixture(readTranscript(recording));
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    const path = `file://${fixture.folder}`;
    const write = client.send("fs/writeFile", { path: `${path}/fifo`, dataBase64: "YWJj" });
    const metadata = client.send("fs/getMetadata", { path });
    if (kind === "reference") {
      await pause(500);
      expect([client.isAnswered(write), client.isAnswered(metadata)]).toEqual([false, false]);
      expect(await shell("cat fifo", fixture.folder)).toBe("abc");
      expect((await client.answer(write)).body.result).toEqual({});
    } else {
      // Every refusal of the handler itself is -32600 (04 F-5).
      expect((await client.answer(write)).body.error).toMatchObject({ code: -32600 });
    }
    expect((await client.answer(metadata)).body.result).toMatchObject({ isDirectory: true });
  },
};
