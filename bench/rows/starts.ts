import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { runBare } from "./bare-child.ts";
import { crowded, perSecond, repeated, timed } from "./timing.ts";

const argv = ["/bin/true"];
const single = { rounds: 150, maxMs: 1_000 };
const crowd = { starts: 320, atOnce: 32 };

/** One short process after the other. */
export const start: Row = {
  name: "start",
  about: "start `/bin/true` until it is closed, one at a time: the median",
  measures: [{ name: "start", unit: "ms", better: "lower", goal: { times: 1.5, of: "bare" } }],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const samples = await repeated(scaled(single.rounds, sizes), single.maxMs, () => session.run({ argv }));
    await session.connection.drop();
    return { start: quantile(samples, 0.5) };
  },
  bare: ({ bare, sizes }) => bare.work("start", sizes),
  async work(sizes) {
    return { start: quantile(await repeated(scaled(single.rounds, sizes), single.maxMs, () => runBare(argv)), 0.5) };
  },
};

/** Many short processes side by side. */
export const starts: Row = {
  name: "starts",
  about: "`/bin/true` from start to close, 32 at a time",
  measures: [{ name: "starts", unit: "1/s", better: "higher", goal: { times: 1, of: "codex" } }],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    const session = await subject.open();
    const count = scaled(crowd.starts, sizes, crowd.atOnce);
    const ms = await timed(() => crowded(count, crowd.atOnce, () => session.run({ argv })));
    await session.connection.drop();
    return { starts: perSecond(count, ms) };
  },
  bare: ({ bare, sizes }) => bare.work("starts", sizes),
  async work(sizes) {
    const count = scaled(crowd.starts, sizes, crowd.atOnce);
    const ms = await timed(() => crowded(count, crowd.atOnce, () => runBare(argv)));
    return { starts: perSecond(count, ms) };
  },
};
