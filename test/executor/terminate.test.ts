import { expect, it } from "vitest";
import { Executor } from "../../src/executor/executor.ts";
import { nodeHost } from "../../src/executor/node-host.ts";
import { memoryTransportPair } from "../../src/transports/memory-transport.ts";
import { isAlive } from "../conformance/peer/process-tree.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

/** An executor of this machine, with one connection. */
async function realExecutor() {
  const executor = new Executor(nodeHost());
  const [client, transport] = memoryTransportPair();
  void executor.accept(transport);
  const peer = new RawConnection(client);
  await peer.handshake();
  const start = (script: string, more: Readonly<Record<string, unknown>> = {}) =>
    peer.request("process/start", {
      ...startParams("p", more),
      argv: ["sh", "-c", script],
      env: { PATH: "/usr/bin:/bin" },
    });
  const read = (params: object) => peer.request("process/read", { processId: "p", waitMs: 10_000, ...params });
  return { peer, start, read, [Symbol.asyncDispose]: () => executor.close() };
}

const printed = (answer: Record<string, unknown>) =>
  (answer.chunks as { chunk: string }[]).map(({ chunk }) => atob(chunk)).join("");

it.each([
  ["on pipes", {}],
  ["on a terminal, where it ignores the hangup", { tty: true }],
])(
  "terminate after the exit kills what is left of the group, and the process closes (03 D-13): %s",
  async (_, more) => {
    verifies("03 D-13");
    await using world = await realExecutor();
    await world.start("trap '' HUP; sleep 1000 & echo $!; exit 5", more);
    const pid = Number(printed(await world.read({})));
    await expect.poll(() => world.read({ waitMs: 0 })).toMatchObject({ exited: true, exitCode: 5, closed: false });
    expect(isAlive(pid)).toBe(true);
    await expect(world.peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
    await expect(world.read({ afterSeq: 999 })).resolves.toMatchObject({ closed: true, exitCode: 5 });
    await expect.poll(() => isAlive(pid)).toBe(false);
  },
);

it("it closes then even though a descendant that fled the group holds the pipe (02 P-61)", async () => {
  verifies("02 P-61");
  await using world = await realExecutor();
  await world.start("(setsid sleep 3 &); exit 5");
  await expect.poll(() => world.read({ waitMs: 0 })).toMatchObject({ exited: true, closed: false });
  await world.peer.request("process/terminate", { processId: "p" });
  await expect(world.read({ afterSeq: 999, waitMs: 2_000 })).resolves.toMatchObject({ closed: true });
});

it("nobody is signalled once the process has closed, and its descriptors are free at once (03 D-13, 02 S-4)", async () => {
  verifies("03 D-13", "02 S-4");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p", { pipeStdin: true }));
  const child = world.host.last;
  child.finish();
  expect(child.released).toBe(true);
  await expect(peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  await peer.request("process/signal", { processId: "p", signal: "interrupt" });
  await peer.request("process/kill", { processId: "p", signal: "SIGTERM" });
  await world.pass(30_000);
  peer.transport.destroy();
  await settled();
  await world.pass(30_000);
  expect(child.signals).toEqual([]);
});
