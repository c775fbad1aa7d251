import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { expect, it } from "vitest";
import {
  connect,
  EventGapError,
  type GapEvent,
  type Link,
  ProcessLostError,
  type RemoteEvent,
  type RemoteProcess,
  serve,
} from "../../src/index.ts";
import { type RunningServer, startServer } from "../conformance/peer/server.ts";
import { FaultProxy } from "../fault-proxy.ts";
import { verifies } from "../rules/verifies.ts";

const mebibyte = 1024 * 1024;

/** A value in kB from the status of the server's process, in bytes. */
function status(server: RunningServer, name: "VmRSS" | "VmHWM"): number {
  const text = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) * 1024;
}

/** From now on the peak of the server's memory is counted anew. */
function forgetPeak(server: RunningServer): void {
  writeFileSync(`/proc/${server.child.pid}/clear_refs`, "5");
}

/** Resolves when the link is in a state. */
function reached(link: Link, value: Link["state"]["value"]): Promise<void> {
  return new Promise((resolve) => {
    const subscription = link.state$.subscribe((state) => {
      if (state.value !== value) return;
      queueMicrotask(() => subscription.unsubscribe());
      resolve();
    });
  });
}

/** Hashes the output as it comes. */
async function digest(process: RemoteProcess) {
  const hash = createHash("sha256");
  let size = 0;
  for await (const { bytes } of process.output) {
    hash.update(bytes);
    size += bytes.length;
  }
  return { size, sha256: hash.digest("hex") };
}

/** What `seq` counts to so many bytes, and the hash of it. */
async function counting(bytes: number) {
  const script = `seq 1 99999999 | head -c ${bytes}`;
  const { stdout } = await execa("sh", ["-c", `${script} | sha256sum`]);
  return { script, output: { size: bytes, sha256: stdout.slice(0, 64) } };
}

it("200 MB that are printed while the client is away for 5 s arrive whole, and are not held in memory (03 D-2)", async () => {
  verifies("03 D-2", "03 SS-50", "03 T-6");
  const { script, output } = await counting(200_000_000);
  await using server = await startServer("proctor");
  await using proxy = await FaultProxy.before(server.url);
  await using link = await connect(proxy.url);
  const process = await link.start(["sh", "-c", `read go; ${script}; exit 3`], { stdin: true });
  const received = digest(process);
  const before = status(server, "VmRSS");
  forgetPeak(server);
  await process.stdin.write("go\n");
  proxy.refuse(true);
  proxy.cut();
  await delay(5_000); // the outage
  expect(link.state.value).toBe("Recovering");
  expect(status(server, "VmHWM") - before).toBeLessThan(64 * mebibyte);
  proxy.refuse(false);
  expect(await received).toEqual(output);
  expect(await process.exited).toMatchObject({ exitCode: 3 });
  await process.closed;
  // With the pages that are handed over, and V8's heap at the pace of that; as strings they would take more than this.
  expect(status(server, "VmHWM") - before).toBeLessThan(96 * mebibyte);
}, 60_000);

it("with the reference's bound they fail that process only, and the error names the lost numbers (03 D-18, I-25)", async () => {
  verifies("03 D-18", "03 I-25", "03 SS-50");
  await using server = await serve({
    output: { memoryBytes: mebibyte, spillBytesPerSession: 0, whenFull: "newest" },
  });
  await using proxy = await FaultProxy.before(server.url);
  await using folder = await mkdtempDisposable(join(tmpdir(), "proctor-outage-"));
  await using link = await connect(proxy.url, { cwd: folder.path });
  const start = (script: string) => link.start(["sh", "-c", `read go; ${script}; exec cat`], { stdin: true });
  const [much, little] = await Promise.all([
    start("head -c 200000000 /dev/zero; echo > printed"),
    start("echo little"),
  ]);
  let delivered = 0;
  much.events$.subscribe({
    next: ({ seq }) => {
      delivered = seq;
    },
    error: () => undefined,
  });
  await Promise.all([much.stdin.write("go\n"), little.stdin.write("go\n")]);
  proxy.refuse(true);
  proxy.cut();
  const failure = much.closed.catch((error: unknown) => error);
  await expect.poll(() => existsSync(join(folder.path, "printed")), { timeout: 20_000 }).toBe(true);
  proxy.refuse(false);
  const lost = await failure;
  expect(lost).toBeInstanceOf(ProcessLostError);
  const { cause, message } = lost as ProcessLostError;
  expect(cause).toBeInstanceOf(EventGapError);
  const { afterSeq, beforeSeq } = cause as EventGapError;
  expect(afterSeq).toBe(delivered);
  expect(beforeSeq - afterSeq).toBeGreaterThan(190_000_000 / 65_536);
  expect(message).toContain(`events ${afterSeq + 1} to ${beforeSeq - 1} are lost`);
  await reached(link, "Connected");
  await little.stdin.write("still there\n");
  await little.stdin.end();
  expect(await little.text()).toBe("little\nstill there\n");
  expect(await little.exited).toMatchObject({ exitCode: 0 });
}, 30_000);

it("what was printed beyond the bounds is a marked gap where the user wants that, and the process goes on (03 D-2)", async () => {
  verifies("03 D-2");
  await using server = await serve({
    output: { memoryBytes: mebibyte, spillBytesPerSession: 0, whenFull: "newest" },
  });
  await using proxy = await FaultProxy.before(server.url);
  await using link = await connect(proxy.url);
  const script = "read go; head -c 20000000 /dev/zero; echo done; read end; echo end; exit 3";
  const process = await link.start(["sh", "-c", script], { stdin: true, onGap: "mark" });
  const events: RemoteEvent[] = [];
  const gap = Promise.withResolvers<GapEvent>();
  process.events$.subscribe((event) => {
    events.push(event);
    if (event.type === "gap") gap.resolve(event);
  });
  await process.stdin.write("go\n");
  proxy.refuse(true);
  proxy.cut();
  await delay(1_000); // the outage
  proxy.refuse(false);
  const { fromSeq, toSeq } = await gap.promise;
  expect(toSeq - fromSeq).toBeGreaterThan(15_000_000 / 65_536);
  await process.stdin.write("end\n");
  expect(await process.exited).toMatchObject({ exitCode: 3 });
  await process.closed;
  for (const [n, event] of events.entries()) {
    const first = event.type === "gap" ? event.fromSeq : event.seq;
    expect(first).toBe((events[n - 1]?.seq ?? 0) + 1);
  }
  const output = events.flatMap((event) => (event.type === "output" ? [event.bytes] : []));
  expect(Buffer.concat(output).subarray(-9).toString()).toBe("done\nend\n");
}, 30_000);

it("10,000 lines that are typed while the connection is cut 200 times arrive once each, in order (03 I-8)", async () => {
  verifies("03 I-8", "03 CL-30");
  await using server = await startServer("proctor");
  await using proxy = await FaultProxy.before(server.url);
  await using link = await connect(proxy.url);
  const process = await link.start(["cat"], { stdin: true });
  const text = process.text();
  const lines = Array.from({ length: 10_000 }, (_, n) => `line ${n}\n`);
  const cuts = Array.from({ length: 200 }, (_, n) => 50 * n + Math.floor(Math.random() * 50));
  const written: Promise<void>[] = [];
  for (const [n, line] of lines.entries()) {
    written.push(process.stdin.write(line));
    if (n % 8 === 7) await written[n - 7]; // some are always under way
    if (!cuts.includes(n)) continue;
    await expect.poll(() => proxy.open, { interval: 1 }).toBeGreaterThan(0);
    await delay(Math.random() * 3); // anywhere between the write and its answer, or in the middle of the resume
    proxy.cut();
  }
  await Promise.all(written);
  await process.stdin.end();
  expect(await text).toBe(lines.join(""));
  expect(await process.exited).toMatchObject({ exitCode: 0 });
  expect(proxy.accepted).toBeGreaterThan(200);
}, 120_000);

it("500 sessions that are dropped at once are all resumed, each its own (03 I-13)", async () => {
  verifies("03 I-13", "03 I-15");
  await using server = await startServer("proctor");
  await using proxy = await FaultProxy.before(server.url);
  await using links = new AsyncDisposableStack();
  const sessions = [];
  for (let n = 0; n < 500; n += 1) {
    const link = links.use(await connect(proxy.url));
    sessions.push({ link, sessionId: link.state.sessionId });
  }
  const processes = await Promise.all(
    sessions.slice(0, 20).map(({ link }, n) => link.start(["sh", "-c", `read go; echo ${n}`], { stdin: true })),
  );
  const lost = Promise.all(sessions.map(({ link }) => reached(link, "Recovering")));
  proxy.cut();
  await lost;
  await Promise.all(sessions.map(({ link }) => reached(link, "Connected")));
  expect(sessions.map(({ link }) => link.state.sessionId)).toEqual(sessions.map(({ sessionId }) => sessionId));
  expect(new Set(sessions.map(({ sessionId }) => sessionId)).size).toBe(500);
  await Promise.all(processes.map((process) => process.stdin.write("go\n")));
  expect(await Promise.all(processes.map((process) => process.text()))).toEqual(processes.map((_, n) => `${n}\n`));
}, 60_000);
