import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Row } from "../row.ts";
import { residentBytes } from "../subjects/process-cost.ts";
import { timed } from "./timing.ts";

const megabyte = 1_000_000;
const server = `require("node:net").createServer().listen(0, "127.0.0.1", () => console.log("listening"))`;

/** A Node program that listens and does nothing else. */
async function plainServer<T>(look: (pid: number) => T): Promise<{ startUpMs: number; seen: T }> {
  const child = spawn(process.execPath, ["--eval", server], { stdio: ["ignore", "pipe", "inherit"] });
  const startUpMs = await timed(() => once(child.stdout, "data"));
  const seen = look(child.pid ?? Number.NaN);
  child.kill("SIGKILL");
  await once(child, "exit");
  return { startUpMs, seen };
}

/** What an executor costs before anybody asks anything of it. */
export const idle: Row = {
  name: "idle",
  about: "an executor with one session that has asked one thing: start-up until its first line, and resident memory",
  measures: [
    { name: "start-up", unit: "ms", better: "lower" },
    { name: "idle memory", unit: "MB", better: "lower", goal: { value: 90 } },
  ],
  executors: ["proctor", "codex"],
  needsFresh: true,
  async executor(subject) {
    const session = await subject.open();
    await session.call("environment/info");
    return { "start-up": subject.startUpMs, "idle memory": subject.residentBytes() / megabyte };
  },
  async bare() {
    const { startUpMs, seen } = await plainServer(residentBytes);
    return { "start-up": startUpMs, "idle memory": seen / megabyte };
  },
};
