import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { runBare } from "./bare-child.ts";
import { assertCount, megabytesPerSecond, secondsPerGigabyte, timed } from "./timing.ts";

const megabyte = 1_000_000;

/** A program that prints so many bytes at once. */
const printer = (bytes: number) => ["head", "-c", String(bytes), "/dev/zero"];

/** Bulk output, `bytes` in each run; our throughput is to be so many `times` that of the reference. */
function outputRow(row: Pick<Row, "name" | "about"> & { tty: boolean; bytes: number; times: number }): Row {
  const { name, about, tty } = row;
  const cpuName = `${name} cpu`;
  const values = (bytes: number, ms: number, cpu: number) => ({
    [name]: megabytesPerSecond(bytes, ms),
    [cpuName]: secondsPerGigabyte(cpu, bytes),
  });
  return {
    name,
    about,
    measures: [
      { name, unit: "MB/s", better: "higher", goal: { times: row.times, of: "codex" } },
      {
        name: cpuName,
        unit: "s/GB",
        better: "lower",
        ...(tty ? {} : { goal: { times: 0.5, of: "codex" } }),
      },
    ],
    executors: ["proctor", "codex", "canned"],
    async executor(subject, sizes) {
      const bytes = scaled(row.bytes, sizes);
      const session = await subject.open();
      const { result: ms, cpu } = await withCpu(subject.pid, () =>
        timed(async () => assertCount(await session.run({ argv: printer(bytes), tty }), bytes, "bytes of output")),
      );
      await session.connection.drop();
      return values(bytes, ms, cpu);
    },
    bare: ({ bare, sizes }) => bare.work(name, sizes),
    async work(sizes) {
      const bytes = scaled(row.bytes, sizes);
      const print = tty ? printOnTerminal : (argv: readonly string[]) => runBare(argv);
      const { result: ms, cpu } = await withCpu(process.pid, () =>
        timed(async () => assertCount(await print(printer(bytes)), bytes, "bytes of output")),
      );
      return values(bytes, ms, cpu);
    },
  };
}

/** Runs a program on a terminal, by the library that most Node programs use for it. */
async function printOnTerminal([program = "", ...args]: readonly string[]): Promise<number> {
  const { spawn } = await import("@lydell/node-pty");
  const child = spawn(program, args, { cols: 80, rows: 24, cwd: "/tmp", env: {}, encoding: null });
  let printed = 0;
  child.onData((chunk) => {
    printed += chunk.length;
  });
  await new Promise((resolve) => child.onExit(resolve)); // after the end of its output
  return printed;
}

/** Bulk output through a pipe. */
export const outputPipe = outputRow({
  name: "output pipe",
  about: "a child prints on a pipe as fast as it can, the client only counts",
  tty: false,
  bytes: 256 * megabyte,
  times: 2,
});

/** Bulk output through a terminal. */
export const outputPty = outputRow({
  name: "output pty",
  about: "a child prints on a terminal as fast as it can, the client only counts",
  tty: true,
  bytes: 8 * megabyte,
  times: 3,
});
