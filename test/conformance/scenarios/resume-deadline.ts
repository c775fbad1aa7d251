import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { RpcClient } from "../peer/rpc-client.ts";
import { startServer } from "../peer/server.ts";
import type { Scenario } from "./scenario.ts";

/** So far from the deadline of 30 s that a busy machine is not late; on virtual time the executor is tested to the millisecond. */
const early = 29_700;
const late = 30_300;

/** A detached session waits for 30 s, and for as long again after the next detach. */
export const resumeDeadline: Scenario = {
  name: "a session can be resumed up to 30 s after each drop, and not after",
  rules: ["03 T-2", "03 SS-12", "03 SS-14"],
  async run(kind) {
    await using server = await startServer(kind);
    const { url } = server;
    const drop = async () => {
      const { peer, sessionId } = await RpcClient.open(url);
      peer.drop();
      return sessionId;
    };
    const [inTime, tooLate, twice] = await Promise.all([drop(), drop(), drop()]);

    await Promise.all([
      pause(early).then(async () => (await RpcClient.resume(url, inTime, 0)).peer.drop()),
      pause(late).then(async () => {
        const message = `unknown session id ${tooLate}`;
        await expect(RpcClient.resume(url, tooLate, 0)).rejects.toThrow(message);
      }),
      (async () => {
        for (let time = 0; time < 2; time += 1) {
          await pause(16_000); // together more than 30 s
          (await RpcClient.resume(url, twice, 0)).peer.drop();
        }
      })(),
    ]);
  },
};
