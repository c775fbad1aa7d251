import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { median } from "../stats.ts";
import { requestFrame } from "../wire/client-frame.ts";
import type { WireSession } from "../wire/wire-session.ts";

const rounds = 20;
const restMs = 10;
const stillAttached = '"code":-32010';

/** What a drop costs when both sides know of it. */
export const resume: Row = {
  name: "resume",
  about: "after a drop: dial, resume the session, and read what one process did meanwhile; the median",
  measures: [{ name: "resume", unit: "ms", better: "lower", goal: { times: 1, of: "codex" } }],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    let session = await subject.open();
    const { sessionId } = session;
    const processId = await session.start({ argv: ["cat"], pipeStdin: true });
    const chunk = Buffer.from("a line of text\n").toString("base64");
    await session.call("process/write", { processId, writeId: "w", chunk });
    const samples: number[] = [];
    for (let n = 0; n < scaled(rounds, sizes); n += 1) {
      await session.connection.drop();
      // The executor has to notice the drop first; that is not part of it.
      await delay(restMs);
      const begun = performance.now();
      session = await resumed(() => subject.open(sessionId));
      await session.call("process/read", { processId, afterSeq: 0 });
      samples.push(performance.now() - begun);
    }
    await session.call("process/terminate", { processId });
    await session.connection.drop();
    return { resume: median(samples) };
  },
  async bare({ bare, sizes }) {
    const frame = requestFrame(1_000_000, "environment/info", {});
    // As many round trips: the upgrade, the handshake, the read.
    const samples: number[] = [];
    for (let n = 0; n < scaled(rounds, sizes); n += 1) {
      await delay(restMs);
      const begun = performance.now();
      const echo = await bare.echo();
      for (let trip = 0; trip < 3; trip += 1) await echo.roundTrip(frame);
      samples.push(performance.now() - begun);
      echo.socket.destroy();
    }
    return { resume: median(samples) };
  },
};

/** As a client does it that is told to come back (03 SS-10). */
async function resumed(open: () => Promise<WireSession>): Promise<WireSession> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Error && error.message.includes(stillAttached))) throw error;
    }
  }
}
