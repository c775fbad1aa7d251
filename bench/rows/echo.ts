import { once } from "node:events";
import type { Row } from "../row.ts";
import { scaled } from "../sizes.ts";
import { quantile } from "../stats.ts";
import { spawnBare } from "./bare-child.ts";
import { repeated } from "./timing.ts";

const line = "a line of text\n";
const rounds = 300;
const maxMs = 1_000;

/** One line through a child and back. */
export const echo: Row = {
  name: "echo",
  about: "one line written to a running `cat` until it comes back as output, one at a time: the median",
  measures: [{ name: "echo", unit: "ms", better: "lower", goal: { value: 0.5 } }],
  executors: ["proctor", "codex", "canned"],
  async executor(subject, sizes) {
    const session = await subject.open();
    let came: () => void = () => {};
    const processId = await session.start({ argv: ["cat"], pipeStdin: true }, { output: () => came() });
    const chunk = Buffer.from(line).toString("base64");
    let written = 0;
    const samples = await repeated(scaled(rounds, sizes), maxMs, async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      came = resolve;
      written += 1;
      const params = { processId, writeId: `w${written}`, chunk };
      await Promise.all([session.call("process/write", params), session.until(promise)]);
    });
    await session.call("process/terminate", { processId });
    await session.connection.drop();
    return { echo: quantile(samples, 0.5) };
  },
  bare: ({ bare, sizes }) => bare.work("echo", sizes),
  async work(sizes) {
    const child = spawnBare(["cat"], { stdio: "pipe" });
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error("the child has no pipes");
    const samples = await repeated(scaled(rounds, sizes), maxMs, () => {
      stdin.write(line);
      return once(stdout, "data");
    });
    stdin.end();
    await once(child, "close");
    return { echo: quantile(samples, 0.5) };
  },
};
