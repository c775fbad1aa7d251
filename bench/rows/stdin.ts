import { once } from "node:events";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { frameHeader } from "../wire/client-frame.ts";
import type { WireSession } from "../wire/wire-session.ts";
import { spawnBare } from "./bare-child.ts";
import { megabytesPerSecond, secondsPerGigabyte, timed } from "./timing.ts";

const chunkBytes = 65_536;
const writesInAll = 1_600; // 105 MB
const atOnce = 16;
const tail = Buffer.from(`${Buffer.alloc(chunkBytes, "some input ").toString("base64")}"}}`);
const firstId = 5_000_000; // of the length of every id, and out of the way of those of the session

/** Ends by itself when it has read that much: the reference cannot close a child's input (02 P-15). */
const reader = (bytes: number) => ["sh", "-c", `exec head -c ${bytes} > /dev/null`];

/** Sends the writes, so many of them unanswered at a time; the base64 is the same for all and is never copied. */
function sendWrites(session: WireSession, processId: string, count: number): void {
  let sent = 0;
  const send = () => {
    if (sent === count) return;
    const id = firstId + sent;
    sent += 1;
    const start = `{"id":${id},"method":"process/write","params":{"processId":"${processId}","writeId":"${id}","chunk":"`;
    const header = frameHeader(start.length + tail.length);
    session.connection.sendTwo(Buffer.concat([header, Buffer.from(start)]), tail);
  };
  session.onAnswer = (message) => {
    if (!message.text.includes('"accepted"')) throw new Error(`a write was not accepted: ${message.text}`);
    send();
  };
  for (let n = 0; n < atOnce; n += 1) send();
}

/** Input in large pieces. */
export const stdin: Row = {
  name: "stdin",
  about: "writes of 64 KiB, 16 of them unanswered at a time, to a child that reads them all",
  measures: [
    { name: "stdin", unit: "MB/s", better: "higher", goal: { times: 2, of: "codex" } },
    { name: "stdin cpu", unit: "s/GB", better: "lower" },
  ],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    const count = scaled(writesInAll, sizes, atOnce);
    const bytes = count * chunkBytes;
    const session = await subject.open();
    const { result: ms, cpu } = await withCpu(subject.pid, () =>
      timed(async () => {
        const { promise: closed, resolve } = Promise.withResolvers<void>();
        const processId = await session.start({ argv: reader(bytes), pipeStdin: true }, { closed: resolve });
        sendWrites(session, processId, count);
        await session.until(closed);
      }),
    );
    await session.connection.drop();
    return { stdin: megabytesPerSecond(bytes, ms), "stdin cpu": secondsPerGigabyte(cpu, bytes) };
  },
  bare: ({ bare, sizes }) => bare.work("stdin", sizes),
  async work(sizes) {
    const count = scaled(writesInAll, sizes, atOnce);
    const bytes = count * chunkBytes;
    const chunk = Buffer.alloc(chunkBytes, "some input ");
    const { result: ms, cpu } = await withCpu(process.pid, () =>
      timed(async () => {
        const child = spawnBare(reader(bytes), { stdio: "pipe" });
        const { stdin } = child;
        if (stdin === null) throw new Error("the child has no input");
        for (let n = 0; n < count; n += 1) if (!stdin.write(chunk)) await once(stdin, "drain");
        child.stdout?.resume();
        child.stderr?.resume();
        await once(child, "close");
      }),
    );
    return { stdin: megabytesPerSecond(bytes, ms), "stdin cpu": secondsPerGigabyte(cpu, bytes) };
  },
};
