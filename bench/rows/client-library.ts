import { connect } from "../../src/index.ts";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { withCpu } from "../subjects/process-cost.ts";
import { pump } from "./requests.ts";
import { assertCount, crowded, megabytesPerSecond, perSecond, repeated, secondsPerGigabyte, timed } from "./timing.ts";

const requestsInAll = 10_000;
const inFlight = 64;
const outputBytes = 128_000_000;
const rounds = 200;
const printer = (bytes: number) => ["head", "-c", String(bytes), "/dev/zero"];

/** What our client costs: its own processor time is that of the measuring program. */
export const clientLibrary: Row = {
  name: "client library",
  about:
    "small requests, one alone and 64 under way, and bulk output, through our client; bare: the same by the client of bytes",
  measures: [
    { name: "client requests", unit: "1/s", better: "higher" },
    { name: "client round trip", unit: "ms", better: "lower" },
    { name: "client output", unit: "MB/s", better: "higher" },
    { name: "client output cpu", unit: "s/GB", better: "lower" },
  ],
  executors: ["proctor"],
  async executor(subject, sizes) {
    await using link = await connect(subject.url);
    const count = scaled(requestsInAll, sizes, inFlight);
    const requestsMs = await timed(() => crowded(count, inFlight, () => link.environmentInfo()));
    const samples = await repeated(scaled(rounds, sizes), 1_000, () => link.environmentInfo());
    const bytes = scaled(outputBytes, sizes);
    const { result: ms, cpu } = await withCpu(process.pid, () =>
      timed(async () => {
        let read = 0;
        const child = await link.start(printer(bytes));
        for await (const chunk of child.output) read += chunk.bytes.length;
        assertCount(read, bytes, "bytes of output");
      }),
    );
    return {
      "client requests": perSecond(count, requestsMs),
      "client round trip": quantile(samples, 0.5),
      "client output": megabytesPerSecond(bytes, ms),
      "client output cpu": secondsPerGigabyte(cpu, bytes),
    };
  },
  async bare({ proctor, sizes }) {
    const session = await (await proctor()).open();
    const count = scaled(requestsInAll, sizes, inFlight);
    const requestsMs = await timed(() => pump(session, count));
    const samples = await repeated(scaled(rounds, sizes), 1_000, () => session.call("environment/info"));
    const bytes = scaled(outputBytes, sizes);
    const { result: ms, cpu } = await withCpu(process.pid, () =>
      timed(async () => assertCount(await session.run({ argv: printer(bytes) }), bytes, "bytes of output")),
    );
    await session.connection.drop();
    return {
      "client requests": perSecond(count, requestsMs),
      "client round trip": quantile(samples, 0.5),
      "client output": megabytesPerSecond(bytes, ms),
      "client output cpu": secondsPerGigabyte(cpu, bytes),
    };
  },
};
