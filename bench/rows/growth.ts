import { once } from "node:events";
import type { Row } from "../row.ts";
import { type Sizes, scaled, type Values } from "../sizes.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { spawnBare } from "./bare-child.ts";
import { crowded } from "./timing.ts";

const crowds = [10, 100, 1_000];
/** Small crowds live again and again, so that they can be counted in hundredths of a second. */
const leastLives = 200;
const atOnce = 100;
const chunk = Buffer.from("a line of text\n").toString("base64");
const name = (crowd: number) => `one of ${crowd.toLocaleString("en")}`;

/** Runs crowds of each size until enough have lived; gives the processor time of each life, in microseconds. */
async function forEachCrowd(pid: number, sizes: Sizes, live: (crowd: number) => Promise<void>): Promise<Values> {
  const values: Record<string, number> = {};
  for (const crowd of crowds) {
    const size = scaled(crowd, sizes);
    const rounds = Math.max(1, Math.round(scaled(leastLives, sizes) / size));
    const { cpu } = await withCpu(pid, async () => {
      for (let n = 0; n < rounds; n += 1) await live(size);
    });
    values[name(crowd)] = (cpu / (rounds * size)) * 1e6;
  }
  const [few = 0, , many = 0] = crowds.map((crowd) => values[name(crowd)]);
  return { ...values, growth: many / few };
}

/** Whether a process costs more among many. */
export const growth: Row = {
  name: "growth",
  about:
    "the processor time of one life (start, one line echoed, terminate, close) in a crowd of 10, 100 and 1,000 that live at the same time; it should be flat",
  measures: [
    ...crowds.map((crowd) => ({ name: name(crowd), unit: "cpu µs", better: "lower" as const })),
    { name: "growth", unit: "1,000 ÷ 10", better: "lower", goal: { value: 1.25 }, isUnguarded: true },
  ],
  executors: ["proctor"], // the reference takes many times as long, and the question is whether ours is flat
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    return forEachCrowd(subject.pid, sizes, async (crowd) => {
      const session = await subject.open();
      const lives: { processId: string; echoed: Promise<void>; closed: Promise<void> }[] = [];
      await crowded(crowd, atOnce, async () => {
        const [echoed, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        const watch = { output: () => echoed.resolve(), closed: () => closed.resolve() };
        const processId = await session.start({ argv: ["cat"], pipeStdin: true }, watch);
        lives.push({ processId, echoed: echoed.promise, closed: closed.promise });
      });
      const toEcho = [...lives];
      await crowded(crowd, atOnce, async () => {
        const life = toEcho.pop();
        await session.call("process/write", { processId: life?.processId, writeId: "w", chunk });
        await life?.echoed;
      });
      const toEnd = [...lives];
      await crowded(crowd, atOnce, async () => {
        const life = toEnd.pop();
        await session.call("process/terminate", { processId: life?.processId });
        await life?.closed;
      });
      await session.connection.drop();
    });
  },
  bare: ({ bare, sizes }) => bare.work("growth", sizes),
  work: (sizes) =>
    forEachCrowd(process.pid, sizes, async (crowd) => {
      const children: ReturnType<typeof spawnBare>[] = [];
      await crowded(crowd, atOnce, async () => {
        const child = spawnBare(["cat"], { stdio: "pipe" });
        children.push(child);
        await once(child, "spawn");
      });
      const toEcho = [...children];
      await crowded(crowd, atOnce, async () => {
        const child = toEcho.pop();
        child?.stdin?.write("a line of text\n");
        if (child?.stdout) await once(child.stdout, "data");
      });
      const toEnd = [...children];
      await crowded(crowd, atOnce, async () => {
        const child = toEnd.pop();
        child?.kill("SIGKILL");
        child?.stderr?.resume();
        if (child) await once(child, "close");
      });
    }),
};
