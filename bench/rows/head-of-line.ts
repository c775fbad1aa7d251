import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { median } from "../stats.ts";
import { requestFrame } from "../wire/client-frame.ts";
import { repeated, timed } from "./timing.ts";

const waitMs = 800;

/** Whether one slow request delays the others. */
export const headOfLine: Row = {
  name: "beside a poll",
  about: "`environment/info` sent right behind a `process/read` that waits 800 ms, until it is answered",
  measures: [{ name: "beside a poll", unit: "ms", better: "lower", goal: { value: 2 } }],
  executors: ["proctor", "codex"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const processId = await session.start({ argv: ["sleep", "60"] });
    const poll = session.call("process/read", { processId, afterSeq: 0, waitMs: scaled(waitMs, sizes) });
    const ms = await timed(() => session.call("environment/info"));
    await poll;
    await session.call("process/terminate", { processId });
    await session.connection.drop();
    return { "beside a poll": ms };
  },
  async bare({ bare }) {
    const echo = await bare.echo();
    const frame = requestFrame(1_000_000, "environment/info", {});
    const samples = await repeated(20, 100, () => echo.roundTrip(frame));
    echo.socket.destroy();
    return { "beside a poll": median(samples) };
  },
};
