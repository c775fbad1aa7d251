import { open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../row.ts";
import { scaled, type Values } from "../sizes.ts";
import { withCpu } from "../subjects/process-cost.ts";
import type { WireSession } from "../wire/wire-session.ts";
import { assertCount, megabytesPerSecond, secondsPerGigabyte, timed } from "./timing.ts";

const wholeBytes = 32 * 1024 * 1024;
const blockBytes = 1024 * 1024;
const times = 2;
/** The bare reading is so fast that it takes more of it to be counted in hundredths of a second. */
const bareTimes = 20;

/** The reading itself: resolves with the number of bytes read. */
interface Reading {
  overWire(session: WireSession, path: string, bytes: number): Promise<number>;
  here(path: string, bytes: number): Promise<number>;
}

const whole: Reading = {
  overWire: (session, path) =>
    session.callFor("fs/readFile", { path }, (answer) => answer.bytesBetween('"dataBase64":"', '"}}')),
  here: async (path) => (await readFile(path)).length,
};

const blocks: Reading = {
  async overWire(session, path, bytes) {
    const handleId = "h";
    await session.call("fs/open", { handleId, path });
    let read = 0;
    while (read < bytes) {
      const params = { handleId, offset: read, len: blockBytes };
      read += await session.callFor("fs/readBlock", params, (answer) => answer.bytesBetween('"chunk":"', '","eof"'));
    }
    await session.call("fs/close", { handleId });
    return read;
  },
  async here(path, bytes) {
    await using file = await open(path);
    let read = 0;
    while (read < bytes) read += (await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, read)).bytesRead;
    return read;
  },
};

function fileRow(name: string, about: string, reading: Reading): Row {
  const cpuName = `${name} cpu`;
  const measured = async (pid: number, times: number, read: (path: string, bytes: number) => Promise<number>) => {
    const bytes = wholeBytes;
    const path = join(tmpdir(), `proctor-bench-${pid}`);
    await writeFile(path, Buffer.alloc(bytes, "contents of a file "));
    try {
      const { result: ms, cpu } = await withCpu(pid, () =>
        timed(async () => {
          for (let n = 0; n < times; n += 1) assertCount(await read(path, bytes), bytes, "bytes of the file");
        }),
      );
      const values: Values = {
        [name]: megabytesPerSecond(times * bytes, ms),
        [cpuName]: secondsPerGigabyte(cpu, times * bytes),
      };
      return values;
    } finally {
      await rm(path);
    }
  };
  return {
    name,
    about,
    measures: [
      { name, unit: "MB/s", better: "higher", goal: { times: 3, of: "codex" } },
      { name: cpuName, unit: "s/GB", better: "lower" },
    ],
    executors: ["proctor", "codex", "canned"],
    async executor(subject, sizes) {
      const session = await subject.open();
      try {
        return await measured(subject.pid, scaled(times, sizes), (path, bytes) =>
          reading.overWire(session, path, bytes),
        );
      } finally {
        await session.connection.drop();
      }
    },
    bare: ({ bare, sizes }) => bare.work(name, sizes),
    work: (sizes) => measured(process.pid, scaled(bareTimes, sizes), reading.here),
  };
}

/** A file in one piece. */
export const fileWhole = fileRow("file whole", "a file of 32 MiB by `fs/readFile`, one at a time", whole);

/** A file in blocks. */
export const fileBlocks = fileRow("file blocks", "a file of 32 MiB by `fs/readBlock` of 1 MiB, one at a time", blocks);
