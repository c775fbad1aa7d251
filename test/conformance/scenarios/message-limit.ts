import { expect } from "vitest";
import { startServer } from "../peer/server.ts";
import { Opcode } from "../peer/websocket-frame.ts";
import { WebSocketPeer } from "../peer/websocket-peer.ts";
import { largeRequest } from "../replay/transcript.ts";
import type { Scenario } from "./scenario.ts";

const LIMIT = 64 * 2 ** 20;
const FRAGMENT = 8 * 2 ** 20;

/** The message limit from above; the recording of big messages shows it from below. */
export const messageLimit: Scenario = {
  name: "a message of one byte more than 64 MiB ends the connection, in fragments that are each allowed",
  rules: ["01 W-12"],
  async run(kind) {
    await using server = await startServer(kind);
    using peer = await WebSocketPeer.open(server.url);
    const message = Buffer.from(largeRequest(LIMIT + 1));
    for (let from = 0; from < message.length; from += FRAGMENT) {
      const payload = message.subarray(from, from + FRAGMENT);
      const fin = from + FRAGMENT >= message.length;
      peer.sendFrame({ opcode: from === 0 ? Opcode.text : Opcode.continuation, fin, payload });
    }
    const end = await peer.ended(10_000);
    expect(peer.messages).toEqual([]);
    // 01 B-5: where a close frame is sent, it says "too big".
    if (end.closeFrame) expect(end.closeFrame.code).toBe(1009);
  },
};
