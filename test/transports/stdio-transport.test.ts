import { spawn } from "node:child_process";
import { PassThrough, Writable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { FLUSH_GRACE_MS, StdioTransport } from "../../src/transports/stdio-transport.ts";
import { HIGH_WATER_BYTES } from "../../src/transports/water-marks.ts";
import { verifies } from "../rules/verifies.ts";
import { ManualClock } from "./manual-clock.ts";
import { RecordingListener } from "./recording-listener.ts";

const MIB = 2 ** 20;

interface World {
  readonly input: PassThrough;
  readonly output: PassThrough;
  readonly clock: ManualClock;
  readonly transport: StdioTransport;
  readonly heard: RecordingListener;
}

/** A transport over streams that the test holds the other ends of. */
function world(): World {
  const input = new PassThrough();
  const output = new PassThrough();
  const clock = new ManualClock();
  const transport = new StdioTransport({ input, output, clock });
  const heard = new RecordingListener();
  transport.open(heard);
  return { input, output, clock, transport, heard };
}

test("01 W-15: lines become messages, without blanks, carriage returns and blank lines", async () => {
  verifies("01 W-15");
  const { input, heard } = world();
  input.write("\n   \n\r\n");
  input.write('{"id":1}\r\n  {"id":2}  \nnope\n{"id":3} {"id":4}\n\ufeff{}\n\0\n');
  await heard.until(({ messages }) => messages.length === 6);
  expect(heard.messages).toEqual(['{"id":1}', '{"id":2}', "nope", '{"id":3} {"id":4}', "\ufeff{}", "\0"]);
});

test("01 W-15: each message is one line, strings and bytes alike", async () => {
  verifies("01 W-15");
  const { output, transport } = world();
  transport.send('{"id":1}');
  transport.send(Buffer.from("zwei ü"));
  expect(output.readableLength).toBe(0);
  transport.close(1000, "done");
  expect(Buffer.concat(await output.toArray()).toString()).toBe('{"id":1}\nzwei ü\n');
});

test("a line that is split inside a character arrives whole, and each chunk is a sign of life", async () => {
  const { input, heard } = world();
  const bytes = Buffer.from("ü\n");
  input.write(bytes.subarray(0, 1));
  await heard.until(({ heardCount }) => heardCount === 1);
  input.write(bytes.subarray(1));
  await heard.until(({ messages }) => messages.length === 1);
  expect(heard.log).toEqual(["(heard)", "(heard)", "ü"]);
});

test("a pipe that stands has its peer: a ping tells so at once, and sends nothing; one that has ended tells nothing", async () => {
  const { input, output, heard, transport } = world();
  transport.ping();
  expect(heard.heardCount).toBe(0); // never from inside the call
  await heard.until(({ heardCount }) => heardCount === 1);
  expect(output.readableLength).toBe(0);
  input.end();
  await heard.end();
  transport.ping();
  await new Promise(setImmediate);
  expect(heard.heardCount).toBe(1);
});

test("01 W-16, B-9: a last line without newline is delivered, and can still be answered after the end of input", async () => {
  verifies("01 W-16", "01 B-9");
  const { input, output, transport, heard } = world();
  input.end("first\nlast");
  expect(await heard.end()).toEqual({ code: 1000, reason: "end of input" });
  expect(heard.messages).toEqual(["first", "last"]);
  transport.send("answer");
  transport.close(1000, "done");
  const written = await output.toArray();
  expect(Buffer.concat(written).toString()).toBe("answer\n");
  expect(heard.ends.length).toBe(1);
});

test("01 W-17: bytes that are not UTF-8 end the input, after the lines before them", async () => {
  const { input, heard } = world();
  input.write(Buffer.concat([Buffer.from("good\n"), Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), Buffer.from("never\n")]));
  expect((await heard.end()).code).toBe(1007);
  expect(heard.messages).toEqual(["good"]);
  expect(input.destroyed).toBe(true);
});

test("a line of 64 MiB is a message, and a longer one ends the transport with 1009", async () => {
  const { input, heard } = world();
  const block = Buffer.alloc(MIB, "a");
  for (let i = 0; i < 64; i++) input.write(block);
  input.write("\n");
  await heard.until(({ messages }) => messages.length === 1);
  expect(heard.messages[0]?.length).toBe(64 * MIB);
  for (let i = 0; i < 64; i++) input.write(block);
  input.write("a");
  expect((await heard.end()).code).toBe(1009);
  expect(input.destroyed).toBe(true);
});

test("while paused no line is delivered, and the end of input waits for the last of them", async () => {
  const { input, transport, heard } = world();
  heard.message = (data) => {
    RecordingListener.prototype.message.call(heard, data);
    transport.pause();
  };
  input.end("1\n2\n3\n");
  for (let n = 1; n <= 3; n++) {
    await heard.until(({ messages }) => messages.length === n);
    await new Promise(setImmediate);
    expect(heard.messages.length).toBe(n);
    if (n < 3) expect(heard.ends).toEqual([]);
    transport.resume();
  }
  expect((await heard.end()).code).toBe(1000);
});

test("a transport that was paused before it was opened stays so", async () => {
  const input = new PassThrough();
  const transport = new StdioTransport({ input, output: new PassThrough(), clock: new ManualClock() });
  const heard = new RecordingListener();
  transport.pause();
  transport.open(heard);
  input.write("line\n");
  await new Promise(setImmediate);
  expect(heard.log).toEqual([]);
  transport.resume();
  await heard.until(({ messages }) => messages.length === 1);
});

test("nothing is lost of what arrived before the transport was opened", async () => {
  const input = new PassThrough();
  const transport = new StdioTransport({ input, output: new PassThrough(), clock: new ManualClock() });
  input.end("early\n");
  await new Promise(setImmediate);
  const heard = new RecordingListener();
  transport.open(heard);
  await heard.end();
  expect(heard.messages).toEqual(["early"]);
});

test("a peer that does not read makes queuedBytes rise, and drained fires after it reads", async () => {
  const { output, transport, heard } = world();
  for (let i = 0; i < 40; i++) transport.send("x".repeat(64 * 1024));
  await new Promise(setImmediate);
  expect(transport.queuedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
  output.resume();
  await heard.until(({ drainedCount }) => drainedCount === 1);
  transport.destroy();
});

test("close flushes, ends both streams and ends once", async () => {
  const { input, output, clock, transport, heard } = world();
  transport.send("last");
  transport.close(1001, "bye");
  transport.send("too late");
  expect(Buffer.concat(await output.toArray()).toString()).toBe("last\n");
  expect(await heard.end()).toEqual({ code: 1001, reason: "bye" });
  transport.destroy();
  await new Promise(setImmediate);
  expect(heard.ends.length).toBe(1);
  expect([input.destroyed, output.destroyed, clock.pending]).toEqual([true, true, 0]);
});

test("close gives a peer that takes nothing two seconds", async () => {
  const clock = new ManualClock();
  const output = new Writable({ write: () => undefined });
  const input = new PassThrough();
  const transport = new StdioTransport({ input, output, clock });
  const heard = new RecordingListener();
  transport.open(heard);
  transport.send("stuck");
  transport.close(1000, "bye");
  clock.advance(FLUSH_GRACE_MS - 1);
  await new Promise(setImmediate);
  expect(heard.ends).toEqual([]);
  clock.advance(1);
  expect((await heard.end()).code).toBe(1006);
  expect([input.destroyed, output.destroyed, clock.pending]).toEqual([true, true, 0]);
});

test("destroy ends at once and drops what is held", async () => {
  const { input, output, transport, heard } = world();
  transport.pause();
  input.write("held\n");
  await new Promise(setImmediate);
  transport.destroy();
  expect(heard.ends).toEqual([]);
  transport.resume();
  expect((await heard.end()).code).toBe(1006);
  expect(heard.messages).toEqual([]);
  expect([input.destroyed, output.destroyed]).toEqual([true, true]);
});

test("an input that fails is the end, with its reason", async () => {
  const { input, heard } = world();
  input.destroy(new Error("cable cut"));
  expect(await heard.end()).toEqual({ code: 1006, reason: "input failed: cable cut" });
});

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function startShell(script: string): { transport: StdioTransport; heard: RecordingListener; clock: ManualClock } {
  const child = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  const clock = new ManualClock();
  const transport = new StdioTransport({ input: child.stdout, output: child.stdin, clock });
  const heard = new RecordingListener();
  transport.open(heard);
  return { transport, heard, clock };
}

test("over real pipes 20 MiB go through and come back line by line", async () => {
  const { transport, heard } = startShell("exec cat");
  const line = "y".repeat(1_000_000);
  for (let i = 0; i < 20; i++) transport.send(line);
  await heard.until(({ messages }) => messages.length === 20);
  expect(heard.messages.every((message) => message === line)).toBe(true);
  expect(heard.drainedCount).toBeGreaterThan(0);
  transport.close(1000, "done");
  await heard.end();
});

test("what the peer wrote before its input broke is still delivered", async () => {
  const { transport, heard, clock } = startShell("exec 0<&-; echo ready; sleep 0.05; echo last");
  await heard.until(({ messages }) => messages.length === 1);
  transport.send("into the void");
  await heard.end();
  expect(heard.messages).toEqual(["ready", "last"]);
  expect(clock.pending).toBe(0);
});
