import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { median } from "../stats.ts";
import { residentBytes, withCpu } from "../subjects/process-cost.ts";
import { spawnBare } from "./bare-child.ts";
import { crowded, repeated } from "./timing.ts";

const processes = 2_000;
/** The reference takes longer for each start the more there are, and would take most of the time of the whole table. */
const referenceProcesses = 500;
const atOnce = 32;
const restMs = 1_000;
const argv = ["sleep", "600"];
const killed = { argv: ["/bin/true"] };

/** Many processes that do nothing. */
export const idleProcesses: Row = {
  name: "idle processes",
  about:
    "2,000 running processes that print nothing: memory for each, what they cost at rest, and a request beside them",
  measures: [
    { name: "memory per process", unit: "KB", better: "lower", goal: { value: 43 } },
    { name: "2,000 processes at rest", unit: "cpu ms/s", better: "lower", isUnguarded: true },
    { name: "request beside 2,000 processes", unit: "ms", better: "lower", isUnguarded: true },
  ],
  executors: ["proctor", "codex"],
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    const isReference = subject.name === "codex";
    const count = scaled(isReference ? referenceProcesses : processes, sizes);
    const session = await subject.open();
    await session.run(killed); // so that what is loaded with the first start does not count
    const before = subject.residentBytes();
    await crowded(count, atOnce, () => session.start({ argv })); // they end with the executor, which is not used again
    const memory = (subject.residentBytes() - before) / count / 1_000;
    if (isReference) return { "memory per process": memory };
    const { cpu } = await withCpu(subject.pid, () => delay(restMs * sizes.scale));
    const samples = await repeated(50, 500, () => session.call("environment/info"));
    return {
      "memory per process": memory,
      "2,000 processes at rest": (cpu * 1_000) / ((restMs * sizes.scale) / 1_000),
      "request beside 2,000 processes": median(samples),
    };
  },
  async bare({ bare, sizes }) {
    const values = await bare.work("idle processes", sizes);
    const echo = await bare.echo();
    const samples = await repeated(50, 500, () => echo.roundTrip(Buffer.from("x")));
    echo.socket.destroy();
    return { ...values, "request beside 2,000 processes": median(samples) };
  },
  async work(sizes) {
    const count = scaled(processes, sizes);
    const before = residentBytes(process.pid);
    const children: ReturnType<typeof spawnBare>[] = [];
    await crowded(count, atOnce, async () => {
      const child = spawnBare(argv);
      children.push(child);
      await once(child, "spawn");
    });
    const memory = (residentBytes(process.pid) - before) / count / 1_000;
    const { cpu } = await withCpu(process.pid, () => delay(restMs * sizes.scale));
    const ended = children.map((child) => once(child, "close"));
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(ended);
    return {
      "memory per process": memory,
      "2,000 processes at rest": (cpu * 1_000) / ((restMs * sizes.scale) / 1_000),
    };
  },
};
