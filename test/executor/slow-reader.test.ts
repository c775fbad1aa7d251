import { expect, it } from "vitest";
import { HIGH_WATER_BYTES } from "../../src/transports/water-marks.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedExecutor, settled, startParams } from "./scripted-executor.ts";

const chunk = new Uint8Array(64 * 1024);

/** Prints until the executor holds the child back; tells how many chunks that took. */
function printUntilPaused(child: ScriptedExecutor["host"]["last"]): number {
  for (let chunks = 1; chunks < 10_000; chunks += 1) {
    child.print(chunk);
    if (child.paused) return chunks;
  }
  throw new Error("the child was never held back");
}

it("a connection that does not read makes every child of its session wait, and no other (01 W-45)", async () => {
  verifies("01 W-45", "03 SS-45");
  const world = new ScriptedExecutor();
  const [slow, quick] = [await world.connect(), await world.connect()];
  for (const { peer } of [slow, quick]) await peer.request("process/start", startParams("p"));
  await slow.peer.request("process/start", startParams("q"));
  const [mine, other, second] = world.host.children;
  slow.peer.transport.pause();
  expect(printUntilPaused(mine!) * chunk.length).toBeLessThan(2 * HIGH_WATER_BYTES);
  second!.print("one more");
  expect(second!.paused).toBe(true);

  for (let n = 0; n < 100; n += 1) {
    other!.print(chunk);
    await settled();
  }
  expect(other!.paused).toBe(false);
  expect(quick.peer.eventsOf("p")).toHaveLength(100);
});

it("held-back children go on as soon as their reader has caught up, and nothing is lost (01 W-45)", async () => {
  verifies("01 W-45");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  let printed = 0;
  for (let round = 0; round < 3; round += 1) {
    peer.transport.pause();
    printed += printUntilPaused(child);
    await settled();
    expect(child.paused).toBe(true);
    peer.transport.resume();
    await settled();
    expect(child.paused).toBe(false);
  }
  expect(peer.eventsOf("p").map(({ params }) => params.seq)).toEqual(Array.from({ length: printed }, (_, n) => n + 1));
});

it("children that were held back for a connection go on when it ends, and drain into the log (02 P-69)", async () => {
  verifies("02 P-69");
  const world = new ScriptedExecutor();
  const { peer, sessionId } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  peer.transport.pause();
  const printed = printUntilPaused(child);
  peer.transport.destroy();
  await settled();
  expect(child.paused).toBe(false);
  for (let n = 0; n < 50; n += 1) child.print(chunk);
  expect(child.paused).toBe(false);
  child.finish(0);
  const next = await world.connect(sessionId);
  const read = await next.peer.request("process/read", { processId: "p", maxBytes: 1 });
  expect(read).toMatchObject({ exited: true, closed: true });
  const all = await next.peer.request("process/read", { processId: "p" });
  expect(all.nextSeq).toBe(printed + 50 + 3);
});

it("the exit and the close of a held-back process are told as well", async () => {
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  const child = world.host.last;
  peer.transport.pause();
  const printed = printUntilPaused(child);
  child.finish(5);
  peer.transport.resume();
  await settled();
  const events = peer.eventsOf("p");
  expect(events).toHaveLength(printed + 2);
  expect(events.at(-2)).toMatchObject({ method: "process/exited", params: { exitCode: 5 } });
  expect(events.at(-1)).toMatchObject({ method: "process/closed", params: { seq: printed + 2 } });
});

it("a connection that runs 128 requests at once is not read until one of them is answered (03 D-7)", async () => {
  verifies("03 D-7");
  const world = new ScriptedExecutor();
  const { peer } = await world.connect();
  const waiting: (() => void)[] = [];
  world.host.info = () =>
    new Promise((resolve) => waiting.push(() => resolve({ shell: { name: "sh", path: "/bin/sh" } })));
  const answers = Array.from({ length: 500 }, () => peer.request("environment/info"));
  await settled();
  expect(waiting).toHaveLength(128);
  waiting.shift()?.();
  await settled();
  expect(waiting).toHaveLength(128); // the one that was answered made room for the next
  const other = await world.connect();
  await expect(other.peer.request("process/terminate", { processId: "p" })).resolves.toEqual({ running: false });
  for (let round = 0; round < 500; round += 1) {
    for (const answer of waiting.splice(0)) answer();
    await settled();
    if (peer.answered.length === 501) break;
  }
  await expect(Promise.all(answers)).resolves.toHaveLength(500);
});
