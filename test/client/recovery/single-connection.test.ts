import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { connect, Executor, LinkFailedError } from "../../../src/index.ts";
import { StdioTransport } from "../../../src/transports/stdio-transport.ts";
import { verifies } from "../../rules/verifies.ts";
import { ScriptedHost } from "../../scripted-host.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { settled, startScripted } from "../scripted-link.ts";
import { ScriptedDials } from "./scripted-dials.ts";

it("a path that goes silent and cannot be replaced fails the link and everything on it with that reason (03 CL-10, D-1)", async () => {
  verifies("03 CL-10", "03 D-1", "03 CL-15");
  const world = new ScriptedDials();
  const transport = await world.dial(new AbortController().signal);
  const link = await connect({ transport }, { clock: world.clock, onFault: (error) => world.faults.push(error) });
  const { process } = await startScripted(link, world.peer);
  const pending = [
    link.environmentInfo(),
    link.files.writeFile("/a", "a"),
    link.start(["program"]),
    process.stdin.write("x"),
    process.interrupt(),
    process.terminate(),
    process.exited,
    process.closed,
    process.text(),
  ];
  const outcomes = Promise.allSettled(pending);
  await settled();
  world.line.isStalled = true;
  await world.pass(10_000);
  expect(link.state).toMatchObject({ value: "Failed", reason: "the executor gave no sign of life" });
  for (const outcome of await outcomes) {
    if (outcome.status === "fulfilled") throw new Error("it cannot have been answered");
    expect(outcome.reason).toBeInstanceOf(LinkFailedError);
    expect(outcome.reason).toMatchObject({ effect: "unknown" });
    expect(outcome.reason.message).toBe("the link to the executor failed: the executor gave no sign of life");
  }
  expect(world.clock.pending).toBe(0);
  expect(world.faults).toEqual([]);
});

it("a pipe that is idle for an hour is no dead path, for neither end (03 D-1)", async () => {
  verifies("03 D-1");
  const clock = new VirtualClock();
  const [toExecutor, toClient] = [new PassThrough(), new PassThrough()];
  const executor = new Executor(new ScriptedHost(), { clock });
  void executor.accept(new StdioTransport({ input: toExecutor, output: toClient, clock }));
  const transport = new StdioTransport({ input: toClient, output: toExecutor, clock });
  const link = await connect({ transport }, { clock });
  for (let second = 0; second < 3_600; second += 1) {
    clock.advance(1_000);
    await settled();
  }
  expect(link.state).toMatchObject({ value: "Connected", generation: 1 });
  expect(executor.counts.connections).toBe(1);
  const closing = link.close();
  await settled();
  await closing;
  await executor.close();
});
