import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { residentBytes, withCpu } from "../subjects/process-cost.ts";
import type { WireSession } from "../wire/wire-session.ts";
import { spawnBare } from "./bare-child.ts";
import { assertCount, megabytesPerSecond, secondsPerGigabyte, timed } from "./timing.ts";

const megabyte = 1_000_000;
const paced = { bytes: 150 * megabyte, perSecond: 100 * megabyte };
const outageBytes = 200 * megabyte;
const pageBytes = 1024 * 1024;

/** Waits for a line, prints so many bytes at a pace, and says in a file how long that took. */
const pacedPrinter = (bytes: number, report: string) => [
  process.execPath,
  "--eval",
  `const { writeSync, readSync, writeFileSync } = require("node:fs");
  readSync(0, Buffer.alloc(1));
  const chunk = Buffer.alloc(65_536), total = ${bytes}, pace = ${paced.perSecond}, begun = performance.now();
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let sent = 0; sent < total; ) {
    const early = (sent / pace) * 1_000 - (performance.now() - begun);
    if (early > 1) Atomics.wait(pause, 0, 0, early);
    sent += writeSync(1, chunk, 0, Math.min(chunk.length, total - sent));
  }
  writeFileSync(${JSON.stringify(report)}, String(performance.now() - begun));`,
];

/** Runs something with the path of a report, and gives back what was reported as a number. */
async function reported(work: (path: string) => Promise<void>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "proctor-bench-"));
  const path = join(folder, "report");
  try {
    await work(path);
    for (;;) {
      const text = await readFile(path, "utf8").catch(() => "");
      if (text !== "") return Number(text);
      await delay(5);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const detachedValues = (bytes: number, ms: number, cpu: number, grown: number) => ({
  "detached output": megabytesPerSecond(bytes, ms),
  "detached output cpu": secondsPerGigabyte(cpu, bytes),
  "detached output memory": grown / megabyte,
});

/** Output that nobody is there to take. */
export const detachedOutput: Row = {
  name: "detached output",
  about:
    "a session without a connection whose process prints 100 MB/s for 1.5 s: its pace, processor time, memory that it grew by",
  measures: [
    { name: "detached output", unit: "MB/s", better: "higher" },
    { name: "detached output cpu", unit: "s/GB", better: "lower" },
    { name: "detached output memory", unit: "MB", better: "lower", isUnguarded: true },
  ],
  executors: ["proctor", "codex"],
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    const bytes = scaled(paced.bytes, sizes);
    const session = await subject.open();
    const before = subject.residentBytes();
    const { result: ms, cpu } = await withCpu(subject.pid, () =>
      reported(async (path) => {
        const processId = await session.start({ argv: pacedPrinter(bytes, path), pipeStdin: true });
        await session.call("process/write", { processId, writeId: "go", chunk: "Cg==" });
        await session.connection.drop();
      }),
    );
    return detachedValues(bytes, ms, cpu, subject.residentBytes() - before);
  },
  bare: ({ bare, sizes }) => bare.work("detached output", sizes),
  async work(sizes) {
    const bytes = scaled(paced.bytes, sizes);
    const before = residentBytes(process.pid);
    const { result: ms, cpu } = await withCpu(process.pid, () =>
      reported(async (path) => {
        const child = spawnBare(pacedPrinter(bytes, path), { stdio: "pipe" });
        child.stdin?.end("\n");
        child.stdout?.resume();
        child.stderr?.resume();
      }),
    );
    return detachedValues(bytes, ms, cpu, residentBytes(process.pid) - before);
  },
};

/** What the end of an answer to `process/read` says. */
const pageEnd = /"nextSeq":(?<nextSeq>\d+),.*"closed":(?<closed>true|false),/;

/** Reads what a process printed, page by page, until it is closed; resolves with the number of characters. */
async function readPages(session: WireSession, processId: string): Promise<number> {
  let [afterSeq, characters] = [0, 0];
  for (;;) {
    const params = { processId, afterSeq, maxBytes: pageBytes, waitMs: 0 };
    const page = await session.callFor("process/read", params, ({ length, endOfText }) => ({ length, endOfText }));
    const { nextSeq, closed } = pageEnd.exec(page.endOfText)?.groups ?? {};
    characters += page.length;
    if (nextSeq === undefined) throw new Error(`not a page: ${page.endOfText}`);
    if (closed === "true" && Number(nextSeq) === afterSeq + 1) return characters;
    afterSeq = Number(nextSeq) - 1;
  }
}

/** What was printed while nobody was there. */
export const catchUp: Row = {
  name: "catch-up",
  about: "a process prints 200 MB during an outage: from dialing until all of it has been read; bare: a file over TCP",
  measures: [{ name: "catch-up", unit: "MB/s", better: "higher" }],
  executors: ["proctor"], // the reference keeps 1 MiB of it (02 P-31)
  warmUp: false,
  needsFresh: true,
  async executor(subject, sizes) {
    const bytes = scaled(outageBytes, sizes);
    const session = await subject.open();
    let processId = "";
    await reported(async (report) => {
      const script = `read go; head -c ${bytes} /dev/zero; echo 1 > ${report}`;
      processId = await session.start({ argv: ["sh", "-c", script], pipeStdin: true });
      await session.call("process/write", { processId, writeId: "go", chunk: "Cg==" });
      await session.connection.drop();
    });
    const ms = await timed(async () => {
      const characters = await readPages(await subject.open(session.sessionId), processId);
      if (characters < (bytes / 3) * 4) throw new Error(`only ${characters} characters for ${bytes} bytes`);
    });
    return { "catch-up": megabytesPerSecond(bytes, ms) };
  },
  async bare({ bare, sizes }) {
    const { port } = await bare.work("catch-up", sizes);
    let read = 0;
    const ms = await timed(async () => {
      const socket = connect({ host: "127.0.0.1", port: port ?? Number.NaN });
      socket.on("data", (chunk: Buffer) => {
        read += chunk.length;
      });
      await once(socket, "close");
    });
    assertCount(read, scaled(outageBytes, sizes), "bytes of the file");
    return { "catch-up": megabytesPerSecond(read, ms) };
  },
  /** Serves a file once. */
  async work(sizes) {
    const folder = await mkdtemp(join(tmpdir(), "proctor-bench-"));
    const path = join(folder, "output");
    await writeFile(path, Buffer.alloc(scaled(outageBytes, sizes)));
    const file = await open(path);
    await rm(folder, { recursive: true }); // it is there as long as it is open
    const server = createServer((socket) => {
      server.close();
      file.createReadStream({ highWaterMark: pageBytes }).pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port }; // a TCP server has one
  },
};
