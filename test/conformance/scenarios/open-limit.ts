import { expect } from "vitest";
import { layFixture } from "../fixtures/fixture.ts";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import { readTranscript } from "../replay/transcript.ts";
import type { Scenario } from "./scenario.ts";

const recording = "fs-open-limit";
const LIMIT = 128;

/** Handles for reading: 128 for each connection, gone with it. */
export const openLimit: Scenario = {
  name: "128 files can be open on a connection, others have their own, and a resumed session starts without any",
  recording,
  rules: ["04 F-43", "04 F-44", "04 F-47"],
  async run(kind) {
    await using fixture = await layFixture(readTranscript(recording));
    await using server = await startServer(kind);
    using client = await RpcClient.open(server.url);
    const open = (handleId: string, name = "ten") => ({ handleId, path: `file://${fixture.folder}/${name}` });
    const read = (handleId: string) => ({ handleId, offset: 0, len: 1 });
    for (let index = 0; index < LIMIT; index++) {
      expect(await client.result("fs/open", open(`h${index}`))).toMatchObject({ handleId: `h${index}` });
    }
    expect(await client.errorCode("fs/open", open("h128"))).toBe(-32600);
    expect(await client.errorCode("fs/open", open("h128", "nope"))).toBe(-32004);
    expect(await client.errorCode("fs/open", open("h5"))).toBe(-32600);

    using other = await RpcClient.open(server.url);
    expect(await other.result("fs/open", open("h0"))).toMatchObject({ handleId: "h0" });
    expect(await other.errorCode("fs/readBlock", read("h1"))).toBe(-32004);

    expect(await client.result("fs/close", { handleId: "h7" })).toEqual({});
    expect(await client.result("fs/open", open("h128"))).toMatchObject({ handleId: "h128" });

    using third = await RpcClient.open(server.url);
    await third.result("fs/open", open("k"));
    third.peer.drop();
    using fourth = await RpcClient.resume(server.url, third.sessionId);
    expect(await fourth.errorCode("fs/readBlock", read("k"))).toBe(-32004);
  },
};
