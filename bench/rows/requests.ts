import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import type { EchoSocket } from "../subjects/bare.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { requestFrame } from "../wire/client-frame.ts";
import type { WireSession } from "../wire/wire-session.ts";
import { perSecond, timed } from "./timing.ts";

const requestsInAll = 30_000;
const inFlight = 64;
/** The echo is so fast that it takes more of it to be counted in hundredths of a second. */
const bareTimes = 10;
const firstId = 5_000_000; // out of the way of the ids of the session
/** One after another, so that any number of them up to the length is one piece. */
const frames = Buffer.concat(
  Array.from({ length: 2 * inFlight }, (_, n) => requestFrame(firstId + n, "environment/info", {})),
);
const frameBytes = frames.length / (2 * inFlight);

/** Keeps `inFlight` small requests under way until `count` have been answered. */
export async function pump(session: WireSession, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let [answered, sent, owed] = [0, 0, 0];
  const send = () => {
    const more = Math.min(owed, count - sent);
    owed = 0;
    sent += more;
    if (more > 0) session.connection.send(frames.subarray(0, more * frameBytes));
    if (answered === count) resolve();
  };
  session.onAnswer = () => {
    answered += 1;
    owed += 1;
    // What came together is answered together, as soon as all of it has been looked at.
    if (owed === 1) queueMicrotask(send);
  };
  owed = inFlight;
  send();
  await session.until(promise);
}

/** The same over the TCP echo. */
async function pumpEcho({ socket }: EchoSocket, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const total = count * frameBytes;
  let [sent, received] = [Math.min(total, inFlight * frameBytes), 0];
  socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
    received += chunk.length;
    const more = Math.min(chunk.length, total - sent);
    sent += more;
    for (let left = more; left > 0; left -= frames.length)
      socket.write(frames.subarray(0, Math.min(left, frames.length)));
    if (received === total) resolve();
  });
  socket.write(frames.subarray(0, sent));
  await promise;
}

/** Small requests, and what each costs. */
export const requests: Row = {
  name: "requests",
  about: "`environment/info`, 64 under way at a time on one connection, and the executor's processor time for each",
  measures: [
    { name: "requests", unit: "1/s", better: "higher", goal: { times: 2, of: "codex" } },
    { name: "requests cpu", unit: "µs", better: "lower" },
  ],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    const count = scaled(requestsInAll, sizes, inFlight);
    const session = await subject.open();
    const { result: ms, cpu } = await withCpu(subject.pid, () => timed(() => pump(session, count)));
    await session.connection.drop();
    return { requests: perSecond(count, ms), "requests cpu": (cpu / count) * 1e6 };
  },
  async bare({ bare, sizes }) {
    const count = bareTimes * scaled(requestsInAll, sizes, inFlight);
    const echo = await bare.echo();
    const { result: ms, cpu } = await withCpu(bare.pid, () => timed(() => pumpEcho(echo, count)));
    echo.socket.destroy();
    return { requests: perSecond(count, ms), "requests cpu": (cpu / count) * 1e6 };
  },
};
