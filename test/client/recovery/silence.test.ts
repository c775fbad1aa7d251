import { afterEach, beforeEach, expect, it } from "vitest";
import { connect, type Link, type Server, serve } from "../../../src/index.ts";
import { FaultProxy } from "../../fault-proxy.ts";
import { verifies } from "../../rules/verifies.ts";
import { VirtualClock } from "../../virtual-clock.ts";

// The sockets are real; the clocks of both ends are not, so that the seconds of silence take none.
let clocks: { readonly client: VirtualClock; readonly executor: VirtualClock };
let server: Server;
let proxy: FaultProxy;
let link: Link;

beforeEach(async () => {
  clocks = { client: new VirtualClock(), executor: new VirtualClock() };
  server = await serve({ clock: clocks.executor });
  proxy = await FaultProxy.before(server.url);
  link = await connect(proxy.url, { clock: clocks.client });
});

afterEach(async () => {
  await link.close();
  await proxy[Symbol.asyncDispose]();
  await server.close();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the sockets do what they can and time pass in steps until a condition holds. */
async function passUntil(condition: () => boolean, clock: VirtualClock, stepMs: number): Promise<number> {
  const before = clock.now();
  while (!condition()) {
    for (let n = 0; n < 5; n += 1) await turn();
    clock.advance(stepMs);
  }
  return clock.now() - before;
}

it.each([
  ["both ways", []],
  ["towards the client", ["toClient" as const]],
  ["towards the executor", ["toExecutor" as const]],
])(
  "a path that goes silent %s is noticed within 10 s, and the session comes back over another (03 D-1)",
  async (_, directions) => {
    verifies("03 D-1", "03 SS-19");
    const remote = await link.start(["sh", "-c", "read x; echo got $x"], { stdin: true });
    const text = remote.text();
    proxy.stall(...directions);
    const write = remote.stdin.write("it\n");
    const noticedMs = await passUntil(() => link.state.value === "Recovering", clocks.client, 100);
    expect(noticedMs).toBeLessThanOrEqual(10_000);
    expect(link.state.reason).toBe("the executor gave no sign of life");
    // The executor has heard nothing of it: its old connection stands, and holds the session until it fails its probe.
    expect(server.executor.counts).toMatchObject({ connections: 1, sessions: 1 });
    proxy.openAnotherPath();
    let executorMs = 0;
    await passUntil(
      () => {
        clocks.executor.advance(20);
        executorMs += 20;
        return link.state.value === "Connected";
      },
      clocks.client,
      20,
    );
    expect(executorMs).toBeLessThan(4_000);
    await write;
    expect(await text).toBe("got it\n");
  },
);

it.each([
  ["both ways", []],
  ["towards the client", ["toClient" as const]],
  ["towards the executor", ["toExecutor" as const]],
])(
  "a path that swallows everything %s for 20 s is in use again within 12 s of its return, and nothing is missing (03 T-10)",
  async (_, directions) => {
    verifies("03 T-10", "03 D-1");
    const remote = await link.start(["sh", "-c", "while read n; do seq $n; echo error $n >&2; done; exit 5"], {
      stdin: true,
    });
    const [stdout, stderr] = [remote.text("stdout"), remote.text("stderr")];
    await remote.stdin.write("100\n");
    proxy.stall(...directions);
    const writes = [remote.stdin.write("200\n"), remote.stdin.write("300\n")];
    const endMs = clocks.client.now() + 20_000;
    await passUntil(
      () => {
        clocks.executor.advance(20);
        return clocks.client.now() >= endMs;
      },
      clocks.client,
      20,
    );
    expect(link.state.value).toBe("Recovering"); // whoever dials is swallowed as well
    proxy.heal();
    const backMs = await passUntil(
      () => {
        clocks.executor.advance(20);
        return link.state.value === "Connected";
      },
      clocks.client,
      20,
    );
    expect(backMs).toBeLessThanOrEqual(12_000);
    await Promise.all(writes);
    await remote.stdin.end();
    const numbers = (to: number) => Array.from({ length: to }, (_, n) => `${n + 1}\n`).join("");
    expect(await stdout).toBe([100, 200, 300].map(numbers).join(""));
    expect(await stderr).toBe("error 100\nerror 200\nerror 300\n");
    expect(await remote.exited).toMatchObject({ exitCode: 5 });
  },
);
