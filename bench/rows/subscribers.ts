import { EventEmitter, once } from "node:events";
import { connect, type Link } from "../../src/index.ts";
import type { Row } from "../row.ts";
import { type Sizes, scaled, type Values } from "../sizes.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { spawnBare } from "./bare-child.ts";

const outputBytes = 128_000_000;
const crowds = [1, 1_000];
const printer = (bytes: number) => ["head", "-c", String(bytes), "/dev/zero"];
const name = (subscribers: number) => `event for ${subscribers.toLocaleString("en")}`;

/** Runs with each number of subscribers; gives the processor time of this program for an event, in microseconds. */
async function forEachCrowd(
  sizes: Sizes,
  run: (subscribers: number, bytes: number) => Promise<number>,
): Promise<Values> {
  const values: Record<string, number> = {};
  for (const subscribers of crowds) {
    const { result: heard, cpu } = await withCpu(process.pid, () => run(subscribers, scaled(outputBytes, sizes)));
    values[name(subscribers)] = (cpu / (heard / subscribers)) * 1e6;
  }
  return values;
}

async function subscribed(link: Link, subscribers: number, bytes: number): Promise<number> {
  let heard = 0;
  const child = await link.start(["sh", "-c", `read go; exec head -c ${bytes} /dev/zero`], { stdin: true });
  for (let n = 0; n < subscribers; n += 1) {
    child.events$.subscribe(() => {
      heard += 1;
    });
  }
  await child.stdin.write("\n");
  await child.closed;
  return heard;
}

/** One process that many look at. */
export const subscribers: Row = {
  name: "subscribers",
  about:
    "bulk output to 1 and to 1,000 subscribers of one process's events: the client's processor time for each event (64 KiB)",
  measures: crowds.map((subscribers) => ({ name: name(subscribers), unit: "µs", better: "lower" })),
  executors: ["proctor"],
  async executor(subject, sizes) {
    await using link = await connect(subject.url);
    return await forEachCrowd(sizes, (subscribers, bytes) => subscribed(link, subscribers, bytes));
  },
  bare: ({ bare, sizes }) => bare.work("subscribers", sizes),
  work: (sizes) =>
    forEachCrowd(sizes, async (subscribers, bytes) => {
      let heard = 0;
      const child = spawnBare(printer(bytes));
      const events = new EventEmitter().setMaxListeners(0);
      for (let n = 0; n < subscribers; n += 1) {
        events.on("output", () => {
          heard += 1;
        });
      }
      child.stdout?.on("data", (chunk: Buffer) => events.emit("output", chunk));
      child.stderr?.resume();
      await once(child, "close");
      return heard;
    }),
};
