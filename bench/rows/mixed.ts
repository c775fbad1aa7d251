import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { quantile } from "../stats.ts";
import type { WireSession } from "../wire/wire-session.ts";

const sessionsInAll = 100;
const runMs = 1_500;
const pauseMs = 40;
const fileBytes = 65_536;
const chunk = Buffer.from("a line of text\n").toString("base64");

/** One thing after the other, with a pause between them, until the time is over. */
async function paced(deadline: number, samples: number[], work: () => Promise<unknown>): Promise<void> {
  await delay(Math.random() * pauseMs); // not all at once
  while (performance.now() < deadline) {
    const begun = performance.now();
    await work();
    samples.push(performance.now() - begun);
    await delay(pauseMs);
  }
}

/** What one session does, and what it leaves to be ended. */
interface Load {
  readonly work: () => Promise<unknown>;
  readonly processId?: string;
  /** A poll waits on purpose: how long it takes says nothing. */
  readonly isPoll?: true;
}

/** Prints 64 KiB for each line, without starting anything. */
const printer = ["sh", "-c", "while read go; do printf '%065536d' 0; done"];

/** What the sessions do, in turn. */
const loads: readonly ((session: WireSession, path: string) => Promise<Load>)[] = [
  (session) => writing(session, printer),
  (session) => writing(session, ["cat"]),
  async (session, path) => ({ work: () => session.call("fs/readFile", { path }) }),
  async (session) => ({ work: () => session.call("environment/info") }),
  async (session) => {
    const processId = await session.start({ argv: ["sleep", "60"] });
    const work = () => session.call("process/read", { processId, afterSeq: 0, waitMs: 50 });
    return { work, processId, isPoll: true };
  },
];

async function writing(session: WireSession, argv: readonly string[]): Promise<Load> {
  const processId = await session.start({ argv, pipeStdin: true });
  let written = 0;
  const work = () => {
    written += 1;
    return session.call("process/write", { processId, writeId: `w${written}`, chunk });
  };
  return { work, processId };
}

/** Everything at once. */
export const mixed: Row = {
  name: "mixed load",
  about:
    "100 sessions at once, a fifth each: bursts of output, writes, file reads of 64 KiB, small requests, long polls; one request every 40 ms; how long all but the polls take",
  measures: [
    { name: "mixed p50", unit: "ms", better: "lower" },
    { name: "mixed p99", unit: "ms", better: "lower", isUnguarded: true },
  ],
  executors: ["proctor", "codex"],
  async executor(subject, sizes) {
    const path = join(tmpdir(), `proctor-bench-mixed-${subject.pid}`);
    await writeFile(path, Buffer.alloc(fileBytes));
    const count = scaled(sessionsInAll, sizes, loads.length);
    const sessions = await Promise.all(Array.from({ length: count }, () => subject.open()));
    const running = await Promise.all(
      sessions.map(async (session, n) => {
        const load = loads[n % loads.length];
        if (load === undefined) throw new Error("there are no loads");
        return { session, ...(await load(session, path)) };
      }),
    );
    const samples: number[] = [];
    const deadline = performance.now() + runMs * Math.max(sizes.scale, 0.2);
    await Promise.all(running.map(({ work, isPoll }) => paced(deadline, isPoll ? [] : samples, work)));
    await Promise.all(
      running.map(({ session, processId }) => processId && session.call("process/terminate", { processId })),
    );
    await Promise.all(sessions.map(({ connection }) => connection.drop()));
    await rm(path);
    return { "mixed p50": quantile(samples, 0.5), "mixed p99": quantile(samples, 0.99) };
  },
  async bare({ bare, sizes }) {
    const count = scaled(sessionsInAll, sizes, loads.length);
    const echoes = await Promise.all(Array.from({ length: count }, () => bare.echo()));
    const [request, page] = [Buffer.alloc(60), Buffer.alloc(fileBytes)];
    const samples: number[] = [];
    const deadline = performance.now() + runMs * Math.max(sizes.scale, 0.2);
    await Promise.all(
      echoes.map((echo, n) => paced(deadline, samples, () => echo.roundTrip(n % 5 === 0 ? page : request))),
    );
    for (const { socket } of echoes) socket.destroy();
    return { "mixed p50": quantile(samples, 0.5), "mixed p99": quantile(samples, 0.99) };
  },
};
