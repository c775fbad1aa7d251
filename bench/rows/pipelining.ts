import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { requestFrame } from "../wire/client-frame.ts";

const requestsInAll = 20_000;
const firstId = 5_000_000; // out of the way of the ids of the session
/** Without an answer for so long, no more will come. */
const stallMs = 1_000;
const unreadMs = 200;

/** Writes many requests before it reads the first answer. */
export const pipelining: Row = {
  name: "pipelining",
  about: "of 20,000 requests that are written before the client begins to read, those that are answered",
  measures: [{ name: "pipelining", unit: "answers", better: "higher", goal: { value: requestsInAll } }],
  executors: ["proctor", "codex"],
  repetitions: 5,
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    const count = scaled(requestsInAll, sizes);
    const frames = Buffer.concat(
      Array.from({ length: count }, (_, n) => requestFrame(firstId + n, "environment/info", {})),
    );
    const session = await subject.open();
    const { connection } = session;
    let answered = 0;
    session.onAnswer = () => {
      answered += 1;
    };
    connection.pause();
    connection.send(frames);
    await delay(unreadMs);
    connection.resume();
    for (let seen = -1; seen < answered && answered < count; ) {
      seen = answered;
      const deadline = performance.now() + stallMs;
      while (answered === seen && performance.now() < deadline) await delay(5);
    }
    await connection.drop();
    return { pipelining: answered };
  },
  async bare({ bare, sizes }) {
    const count = scaled(requestsInAll, sizes);
    const echo = await bare.echo();
    await echo.roundTrip(Buffer.alloc(count));
    echo.socket.destroy();
    return { pipelining: count };
  },
};
