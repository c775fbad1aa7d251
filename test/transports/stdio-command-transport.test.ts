import { expect, test } from "vitest";
import { systemClock } from "../../src/ports/clock.ts";
import { ConnectError } from "../../src/transports/connect-error.ts";
import {
  STDIN_GRACE_MS,
  STDIO_GRACE_MS,
  type StdioCommandTransport,
  startStdioCommand,
} from "../../src/transports/stdio-command-transport.ts";
import { verifies } from "../rules/verifies.ts";
import { ManualClock } from "./manual-clock.ts";
import { RecordingListener } from "./recording-listener.ts";

interface Started {
  readonly transport: StdioCommandTransport;
  readonly heard: RecordingListener;
  readonly clock: ManualClock;
}

async function startShell(script: string, env: Record<string, string> = {}): Promise<Started> {
  const clock = new ManualClock();
  const transport = await startStdioCommand({ command: ["sh", "-c", script], clock, env, cwd: "/" });
  const heard = new RecordingListener();
  transport.open(heard);
  return { transport, heard, clock };
}

/** Is any process of that group alive? */
function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function groupGone(pid: number): Promise<void> {
  while (groupExists(pid)) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("a program's stdin and stdout carry the messages, in the given directory and environment", async () => {
  const { transport, heard } = await startShell("pwd; echo $WORD; exec cat", { WORD: "hello" });
  transport.send("one");
  transport.send(Buffer.from("two"));
  await heard.until(({ messages }) => messages.length === 4);
  expect(heard.messages).toEqual(["/", "hello", "one", "two"]);
  expect(transport.peer).toBe("sh");
  transport.close(1000, "done");
  expect(await heard.end()).toEqual({ code: 1000, reason: "done; it ended with exit code 0" });
});

test("the program is the leader of a group of its own", async () => {
  const { transport, heard } = await startShell("ps -o pgid= -p $$; exec cat");
  await heard.until(({ messages }) => messages.length === 1);
  expect(Number(heard.messages[0])).toBe(transport.pid);
  transport.destroy();
  await heard.end();
});

test("a program that ends by itself is the end, with all it wrote and its exit code", async () => {
  const { heard, clock } = await startShell("echo one; echo two; exit 3");
  expect(await heard.end()).toEqual({ code: 1000, reason: "end of input; it ended with exit code 3" });
  expect(heard.messages).toEqual(["one", "two"]);
  expect(clock.pending).toBe(0);
});

test("when the program ends the rest of its group is killed", async () => {
  const { transport, heard } = await startShell("sleep 1000 & echo started; exec cat");
  await heard.until(({ messages }) => messages.length === 1);
  transport.close(1000, "done");
  await heard.end();
  await groupGone(transport.pid);
  expect(heard.ends.length).toBe(1);
});

test("close lets a program that heeds the end of its stdin finish by itself", async () => {
  const { transport, heard } = await startShell("cat >/dev/null; echo flushed >&2; exit 7");
  transport.close(1000, "done");
  expect(await heard.end()).toEqual({ code: 1000, reason: "done; it ended with exit code 7" });
  expect(transport.stderrTail).toBe("flushed\n");
});

test("03 I-30: one that ignores both the end of stdin and SIGTERM is killed within three seconds", async () => {
  verifies("03 I-30");
  const { transport, heard, clock } = await startShell(
    'trap "echo trapped" TERM; echo up; while :; do sleep 1000 & wait; done',
  );
  await heard.until(({ messages }) => messages.length === 1);
  transport.close(1000, "done");
  expect(STDIN_GRACE_MS + STDIO_GRACE_MS).toBeLessThan(3_000);
  // The flush of an empty queue is over in a few turns; only then is the kill timer alone.
  while (clock.pending > 1) await new Promise(setImmediate);
  clock.advance(STDIN_GRACE_MS);
  expect(groupExists(transport.pid)).toBe(true);
  clock.advance(STDIO_GRACE_MS);
  expect(await heard.end()).toEqual({ code: 1000, reason: "done; it was ended by SIGKILL" });
  await groupGone(transport.pid);
  expect(clock.pending).toBe(0);
});

test("one that heeds SIGTERM is not killed", async () => {
  const { transport, heard, clock } = await startShell("echo up; exec sleep 1000");
  await heard.until(({ messages }) => messages.length === 1);
  transport.close(1000, "done");
  clock.advance(STDIN_GRACE_MS);
  expect((await heard.end()).reason).toBe("done; it was ended by SIGTERM");
  expect(clock.pending).toBe(0);
});

test("a program that closes its stdout is ended too", async () => {
  const { transport, heard, clock } = await startShell("echo up; exec sleep 1000 >&-");
  while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  clock.advance(STDIN_GRACE_MS);
  expect((await heard.end()).reason).toBe("end of input; it was ended by SIGTERM");
  expect(heard.messages).toEqual(["up"]);
  await groupGone(transport.pid);
});

test("a process that left the group and holds stdout open delays the end by two seconds at most", async () => {
  const { heard, clock } = await startShell("setsid sh -c 'echo pid $$; exec sleep 1000' & sleep 0.05; exit 0");
  await heard.until(({ messages }) => messages.length === 1);
  while (clock.pending === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  clock.advance(STDIO_GRACE_MS);
  expect((await heard.end()).reason).toContain("it ended with exit code 0");
  process.kill(Number(String(heard.messages[0]).slice(4)), "SIGKILL");
});

test("destroy kills at once", async () => {
  const { transport, heard, clock } = await startShell('trap "" TERM; echo up; sleep 1000');
  await heard.until(({ messages }) => messages.length === 1);
  transport.destroy();
  expect(await heard.end()).toEqual({ code: 1006, reason: "destroyed by this end; it was ended by SIGKILL" });
  await groupGone(transport.pid);
  expect(clock.pending).toBe(0);
});

test("stderr is passed on and its last 8 KiB are kept", async () => {
  let passedOn = 0;
  const transport = await startStdioCommand({
    command: ["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' e >&2; printf end >&2"],
    clock: systemClock,
    onStderr: (bytes) => {
      passedOn += bytes.length;
    },
  });
  const heard = new RecordingListener();
  transport.open(heard);
  await heard.end();
  while (passedOn < 100_003) await new Promise(setImmediate);
  expect(transport.stderrTail).toBe(`${"e".repeat(8 * 1024 - 3)}end`);
});

test("nothing that the program wrote before the transport was opened is lost", async () => {
  const written = Promise.withResolvers<void>();
  const transport = await startStdioCommand({
    command: ["sh", "-c", "echo early; echo written >&2; exec cat"],
    clock: systemClock,
    onStderr: () => written.resolve(),
  });
  await written.promise;
  await new Promise(setImmediate);
  const heard = new RecordingListener();
  transport.open(heard);
  await heard.until(({ messages }) => messages.length === 1);
  expect(heard.messages).toEqual(["early"]);
  transport.destroy();
  await heard.end();
});

test("a program that does not exist is a ConnectError", async () => {
  const start = startStdioCommand({ command: ["/no/such/program"], clock: systemClock });
  await expect(start).rejects.toBeInstanceOf(ConnectError);
  await expect(start).rejects.toThrow("cannot start /no/such/program: spawn /no/such/program ENOENT");
});
