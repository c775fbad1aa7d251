import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { untilStill } from "../client/suite/collected.ts";
import { descendants } from "../conformance/peer/process-tree.ts";
import { RpcClient, startParams } from "../conformance/peer/rpc-client.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";

const megabyte = 1024 * 1024;

/** Resident memory of a process, in bytes. */
function residentBytes(server: RunningServer): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** What the children of a process have written, all together. */
function writtenBelow(server: RunningServer): number {
  return descendants(server.child.pid ?? 0)
    .map((pid) => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1]))
    .reduce((sum, bytes) => sum + bytes, 0);
}

it("a peer that does not read makes endless writers wait: memory stays bounded, and others are served (01 W-45)", async () => {
  await using server = await startServer("proctor");
  using slow = await RpcClient.open(server.url);
  using other = await RpcClient.open(server.url);
  await other.result("environment/info", {});
  const before = residentBytes(server);
  const writers = 5;
  for (let n = 0; n < writers; n += 1) await slow.result("process/start", startParams(`w${n}`, ["cat", "/dev/zero"]));
  slow.peer.pauseReading();
  const written = await untilStill(() => Promise.resolve(writtenBelow(server)));
  // Everything is blocked now. What is under way: the queue of one connection, the log of each process, kernel buffers.
  expect(residentBytes(server) - before).toBeLessThan(64 * megabyte);
  await other.result("process/start", startParams("quick", ["echo", "served"]));
  await other.event("process/closed", "quick");
  expect(writtenBelow(server)).toBe(written);

  slow.peer.resumeReading();
  await slow.until(() => writtenBelow(server) > written + 10 * megabyte, "the writers did not go on");
  for (let n = 0; n < writers; n += 1) await slow.result("process/terminate", { processId: `w${n}` });
}, 60_000);

it("a detached session drains endless writers into bounded logs (02 P-69)", async () => {
  await using server = await startServer("proctor");
  const gone = await RpcClient.open(server.url);
  const before = residentBytes(server);
  const size = 200 * megabyte;
  await gone.result("process/start", startParams("w", ["head", "-c", String(size), "/dev/zero"]));
  gone.peer.drop();
  using next = await RpcClient.resume(server.url, gone.sessionId);
  const waiting = { processId: "w", afterSeq: 1e15, waitMs: 60_000 };
  const end = await next.answer(next.send("process/read", waiting), 60_000);
  expect(end.body.result).toMatchObject({ exited: true, exitCode: 0, closed: true });
  expect(residentBytes(server) - before).toBeLessThan(128 * megabyte);
}, 60_000);
