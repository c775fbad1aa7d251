import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { residentBytes, withCpu } from "../subjects/process-cost.ts";
import { crowded, perSecond, timed } from "./timing.ts";

const sessions = 1_000;
const atOnce = 32;
const restMs = 1_000;

/** Many sessions that ask nothing. */
export const idleSessions: Row = {
  name: "idle sessions",
  about:
    "1,000 sessions, each with a connection of its own that is silent: opening them, memory for each, and their cost at rest",
  measures: [
    { name: "sessions opened", unit: "1/s", better: "higher" },
    { name: "memory per connection", unit: "KB", better: "lower", goal: { value: 60 } },
    { name: "1,000 sessions at rest", unit: "cpu ms/s", better: "lower", isUnguarded: true },
  ],
  executors: ["proctor", "codex"],
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    const count = scaled(sessions, sizes);
    await subject.open();
    const before = subject.residentBytes();
    const ms = await timed(() => crowded(count, atOnce, () => subject.open()));
    const memory = (subject.residentBytes() - before) / count / 1_000;
    const { cpu } = await withCpu(subject.pid, () => delay(restMs * sizes.scale));
    return {
      "sessions opened": perSecond(count, ms),
      "memory per connection": memory,
      "1,000 sessions at rest": (cpu * 1_000) / ((restMs * sizes.scale) / 1_000),
    };
  },
  async bare({ bare, sizes }) {
    const count = scaled(sessions, sizes);
    const sockets: { destroy(): void }[] = [];
    const before = residentBytes(bare.pid);
    // The upgrade and the handshake, as round trips.
    const open = async () => {
      const echo = await bare.echo();
      sockets.push(echo.socket);
      for (let n = 0; n < 2; n += 1) await echo.roundTrip(Buffer.alloc(150));
    };
    const ms = await timed(() => crowded(count, atOnce, open));
    const memory = (residentBytes(bare.pid) - before) / count / 1_000;
    const { cpu } = await withCpu(bare.pid, () => delay(restMs * sizes.scale));
    for (const socket of sockets) socket.destroy();
    return {
      "sessions opened": perSecond(count, ms),
      "memory per connection": memory,
      "1,000 sessions at rest": (cpu * 1_000) / ((restMs * sizes.scale) / 1_000),
    };
  },
};
