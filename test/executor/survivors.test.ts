import { describe, expect, it, test } from "vitest";
import { connect, type Link, type StartOptions, serve } from "../../src/index.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { StdioTransport } from "../../src/transports/stdio-transport.ts";
import { isAlive, printed, proctor } from "../cli/command.ts";
import { startServer } from "../conformance/peer/server.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { verifies } from "../rules/verifies.ts";

/** Every kind of survivor in the table of 03 SS-63, each of which prints the pids of all that must die, one a line. */
const survivors: readonly (readonly [kind: string, script: string, pids: number, options?: StartOptions])[] = [
  ["a plain child", "echo $$; exec sleep 600", 1],
  ["a child that ignores SIGTERM", "trap '' TERM; echo $$; sleep 600; sleep 600", 1],
  ["a child of a shell child, same group", "echo $$; sleep 600 & echo $!; wait", 2],
  ["a child that called setsid", "setsid sleep 600 & echo $!; wait", 1],
  ["a PTY child", "echo $$; exec sleep 600", 1, { tty: true }],
  ["a PTY child that ignores SIGHUP and SIGTERM", "trap '' HUP TERM; echo $$; sleep 600; sleep 600", 1, { tty: true }],
  ["a background child of an exited leader", "sleep 600 >/dev/null 2>&1 & echo $!", 1],
  ["a daemon of an exited leader", "echo $(setsid sh -c 'sleep 600 >/dev/null 2>&1 </dev/null & echo $!')", 1],
  [
    "a daemon of a child that still runs",
    "echo $(setsid sh -c 'sleep 600 >/dev/null 2>&1 </dev/null & echo $!'); sleep 600",
    1,
  ],
];

/** Starts one of each and resolves with the pids that they printed. */
async function startAll(link: Link): Promise<{ readonly kind: string; readonly pid: number }[]> {
  const started = survivors.map(async ([kind, script, count, options]) => {
    const process = await link.start(["sh", "-c", script], options);
    let text = "";
    for await (const { bytes } of process.output) {
      text += Buffer.from(bytes);
      if (text.split("\n").length > count) break;
    }
    return text
      .trim()
      .split(/\s+/)
      .map((pid) => ({ kind, pid: Number(pid) }));
  });
  return (await Promise.all(started)).flat();
}

type Survivors = Awaited<ReturnType<typeof startAll>>;

const alive = (pids: Survivors) => pids.filter(({ pid }) => isAlive(pid)).map(({ kind }) => kind);

/** Nothing is left of them a second later. */
const untilGone = (pids: Survivors) => expect.poll(() => alive(pids), { timeout: 1_000, interval: 20 }).toEqual([]);

it("nothing is left running on the executor 1 s after a session expired, grandchildren included", async () => {
  verifies("03 SS-15", "03 D-13", "03 I-14");
  await using server = await serve({ sessionTtlMs: 200 });
  await using proxy = await FaultProxy.before(server.url);
  await using link = await connect(proxy.url, { recoveryDeadlineMs: 50 });
  const pids = await startAll(link);
  expect(alive(pids)).toHaveLength(pids.length);
  await using other = await connect(server.url);
  await using theirs = await other.start(["sleep", "600"]);
  proxy.refuse(true);
  proxy.cut();
  await expect.poll(() => server.executor.counts.sessions, { timeout: 5_000, interval: 10 }).toBe(1);
  await untilGone(pids);
  expect(await theirs.terminate()).toBe(true); // it was another's, and still ran
});

describe("T-14, the survivors of 03 SS-63: there are none", () => {
  test.each(["SIGTERM", "SIGINT", "SIGKILL"] as const)("after a %s of the executor", async (signal) => {
    verifies("03 T-14", "03 SS-63", "03 SS-66", "02 S-5", "02 P-78");
    await using server = proctor(["serve"]);
    const link = await connect((await printed(server.stdout, /\n/)).trim(), { recoveryDeadlineMs: 50 });
    const pids = await startAll(link);
    expect(alive(pids)).toHaveLength(pids.length);
    server.kill(signal);
    await server;
    await untilGone(pids);
    await link.close();
  });

  test("after the end of input of one on stdio", async () => {
    verifies("02 P-76");
    await using server = await startServer("proctor", { transport: "stdio" });
    const { stdout: input, stdin: output } = server.child;
    const link = await connect({ transport: new StdioTransport({ input, output, clock: systemClock }) });
    const pids = await startAll(link);
    expect(alive(pids)).toHaveLength(pids.length);
    output.end();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    await untilGone(pids);
    await link.close();
  });

  test("after the end of a session on purpose", async () => {
    await using server = await serve();
    const link = await connect(server.url);
    const pids = await startAll(link);
    await link.close();
    await untilGone(pids);
  });

  test("after the executor was closed", async () => {
    const server = await serve();
    const link = await connect(server.url, { recoveryDeadlineMs: 50 });
    const pids = await startAll(link);
    await server.close();
    expect(alive(pids)).toEqual([]);
    await link.close();
  });
});
