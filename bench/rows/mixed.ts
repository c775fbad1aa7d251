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

/** What the sessions do, in turn. */
const loads: readonly ((session: WireSession, path: string) => Promise<() => Promise<unknown>>)[] = [
  // Output: each line makes it print 64 KiB; the round trip ends with the answer to the write.
  async (session) => {
    const printer = "while read go; do head -c 65536 /dev/zero; done";
    return writing(session, await session.start({ argv: ["sh", "-c", printer], pipeStdin: true }));
  },
  async (session) => writing(session, await session.start({ argv: ["cat"], pipeStdin: true })),
  async (session, path) => () => session.call("fs/readFile", { path }),
  async (session) => () => session.call("environment/info"),
];

function writing(session: WireSession, processId: string): () => Promise<unknown> {
  let written = 0;
  return () => {
    written += 1;
    return session.call("process/write", { processId, writeId: `w${written}`, chunk });
  };
}

/** Polls a silent process all the time. */
async function poll(session: WireSession, deadline: number): Promise<void> {
  const processId = await session.start({ argv: ["sleep", "60"] });
  while (performance.now() < deadline) await session.call("process/read", { processId, afterSeq: 0, waitMs: 50 });
  await session.call("process/terminate", { processId });
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
    const kinds = loads.length + 1;
    const count = scaled(sessionsInAll, sizes, kinds);
    const sessions = await Promise.all(Array.from({ length: count }, () => subject.open()));
    const works = await Promise.all(sessions.map((session, n) => loads[n % kinds]?.(session, path)));
    const samples: number[] = [];
    const deadline = performance.now() + runMs * Math.max(sizes.scale, 0.2);
    await Promise.all(
      sessions.map((session, n) => {
        const work = works[n];
        return work === undefined ? poll(session, deadline) : paced(deadline, samples, work);
      }),
    );
    await Promise.all(sessions.map(({ connection }) => connection.drop()));
    await rm(path);
    return { "mixed p50": quantile(samples, 0.5), "mixed p99": quantile(samples, 0.99) };
  },
  async bare({ bare, sizes }) {
    const count = scaled(sessionsInAll, sizes, loads.length + 1);
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
