import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { median } from "../stats.ts";
import { requestFrame } from "../wire/client-frame.ts";
import { repeated } from "./timing.ts";

const waitMs = 800;
const rounds = 50;
/** Less than the wait: whoever is held back by it has one round. */
const roundsMs = 200;

/** Whether one slow request delays the others. */
export const headOfLine: Row = {
  name: "beside a poll",
  about: "`environment/info`, one after the other, sent right behind a `process/read` that waits 800 ms: the median",
  measures: [{ name: "beside a poll", unit: "ms", better: "lower", goal: { value: 2 } }],
  executors: ["proctor", "codex"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const processId = await session.start({ argv: ["sleep", "60"] });
    const poll = session.call("process/read", { processId, afterSeq: 0, waitMs: scaled(waitMs, sizes) });
    const samples = await repeated(rounds, roundsMs, () => session.call("environment/info"));
    await poll;
    await session.call("process/terminate", { processId });
    await session.connection.drop();
    return { "beside a poll": median(samples) };
  },
  async bare({ bare }) {
    const echo = await bare.echo();
    const frame = requestFrame(1_000_000, "environment/info", {});
    const samples = await repeated(rounds, roundsMs, () => echo.roundTrip(frame));
    echo.socket.destroy();
    return { "beside a poll": median(samples) };
  },
};
