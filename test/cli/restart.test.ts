import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { childrenOf } from "../../src/executor/spawn/process-table.ts";
import { connect, LinkFailedError, ProcessLostError, type RemoteEvent } from "../../src/index.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import { killNow } from "../conformance/peer/process-tree.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { isAlive, printed, proctor, type RunningCommand } from "./command.ts";

/** Numbers its lines for ever; the executor's end is its own, since nobody reads any more. */
const counting = 'i=0; while :; do i=$((i+1)); echo "line $i"; done';
const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join("");

/** An executor that is started again and again, at one address. */
class Restarted implements AsyncDisposable {
  readonly #more: readonly string[];
  #server: RunningCommand | null = null;
  url = "ws://127.0.0.1:0";

  constructor(...more: readonly string[]) {
    this.#more = more;
  }

  get server(): RunningCommand {
    if (this.#server === null) throw new Error("it is not started");
    return this.#server;
  }

  async start(): Promise<void> {
    this.#server = proctor(["serve", "--listen", this.url, ...this.#more]);
    this.url = (await printed(this.#server.stdout, /\n/)).trimEnd();
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.server.kill(signal);
    await this.server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

function isGuard(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("proctor-guard");
}

async function untilGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter((pid) => isAlive(pid)), { timeout: 5_000, interval: 10 }).toEqual([]);
}

describe("an executor that is started again", { timeout: 30_000 }, () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "proctor-restart-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const journal = () => join(folder, "journal");

  async function started(...more: readonly string[]): Promise<Restarted> {
    const executor = new Restarted("--journal", journal(), ...more);
    await executor.start();
    return executor;
  }

  it("after SIGKILL in the middle of output: all of it in order, then exit code 137, and no process is left (03 D-8)", async () => {
    verifies("03 D-8");
    await using executor = await started();
    await using link = await connect(executor.url);
    const events: RemoteEvent[] = [];
    // One descendant in the same group, silent and deaf to hang-ups; one in a session of its own.
    const script = `sleep 1000 & echo "pid $!"; setsid sleep 1000 & echo "pid $!"; echo "pid $$"; ${counting}`;
    const process = await link.start(["sh", "-c", script]);
    process.events$.subscribe({ next: (event) => events.push(event), error: () => undefined });
    const reader = process.output;
    let text = "";
    while (!text.includes("line 100\n")) text += Buffer.from((await reader.next()).value.bytes).toString();
    await executor.end("SIGKILL");
    await executor.start();
    for await (const { bytes } of reader) text += Buffer.from(bytes).toString();
    expect(await process.exited).toEqual({ exitCode: 137, usage: null });
    await process.closed;
    const [first, escaped, leader] = [...text.matchAll(/pid (\d+)\n/g)].map((match) => Number(match[1]));
    const printedLines = text.replace(/pid \d+\n/g, "");
    const whole = printedLines.slice(0, printedLines.lastIndexOf("\n") + 1);
    expect(whole).toBe(lines(whole.split("\n").length - 1));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["exited", "closed"]);
    await untilGone([leader!, first!, escaped!]);
    expect((await (await link.start(["echo", "on"])).text()).trim()).toBe("on");
  });

  it("what has outlived it, and its guard, is killed by the next one (03 D-8)", async () => {
    verifies("03 D-8", "02 S-5");
    await using executor = await started();
    await using link = await connect(executor.url);
    const process = await link.start(["sh", "-c", 'sleep 1000 & echo "pid $!"; echo "pid $$"; wait']);
    const reader = process.output;
    let text = "";
    while (text.split("\n").length < 3) text += Buffer.from((await reader.next()).value.bytes).toString();
    const pids = [...text.matchAll(/pid (\d+)\n/g)].map((match) => Number(match[1]));
    const guards = childrenOf(executor.server.pid!).filter(isGuard);
    expect(guards).toHaveLength(1);
    for (const guard of guards) killNow(guard);
    await untilGone(guards);
    await executor.end("SIGKILL");
    expect(pids.filter((pid) => isAlive(pid))).toEqual(pids);
    await executor.start();
    await untilGone(pids);
    expect(await process.exited).toEqual({ exitCode: 137, usage: null });
  });

  it("a client of the reference's kind resumes by hand, and reads the tail, exit and close after the restart", async () => {
    verifies("03 D-8");
    await using executor = await started();
    const before = new RawConnection(await dialWebSocket(executor.url, { clock: systemClock }));
    const sessionId = await before.handshake();
    const argv = ["sh", "-c", "echo some text; exec sleep 1000"];
    await before.request("process/start", { processId: "p", argv, cwd: "file:///tmp", env: {}, tty: false });
    await before.request("process/read", { processId: "p", waitMs: 10_000 });
    await executor.end("SIGKILL");
    await executor.start();
    const after = new RawConnection(await dialWebSocket(executor.url, { clock: systemClock }));
    expect(await after.handshake(sessionId)).toBe(sessionId);
    expect(await after.request("process/read", { processId: "p", afterSeq: 0, maxBytes: null, waitMs: 0 })).toEqual({
      chunks: [{ seq: 1, stream: "stdout", chunk: Buffer.from("some text\n").toString("base64") }],
      nextSeq: 4,
      exited: true,
      exitCode: 137,
      closed: true,
      failure: null,
      sandboxDenied: false,
      exitSeq: 2,
      usage: null,
    });
    expect(await after.request("process/terminate", { processId: "p" })).toEqual({ running: false });
    after.transport.destroy();
  });

  it("after SIGTERM a program's own last words and exit code arrive, as from an executor that was upgraded", async () => {
    verifies("03 D-8");
    await using executor = await started();
    await using link = await connect(executor.url);
    const process = await link.start([
      "sh",
      "-c",
      "trap 'echo bye; exit 7' TERM; echo hi; while :; do sleep 0.05; done",
    ]);
    const reader = process.output;
    await reader.next();
    await executor.end("SIGTERM");
    await executor.start();
    let rest = "";
    for await (const { bytes } of reader) rest += Buffer.from(bytes).toString();
    expect(rest).toContain("bye\n");
    expect(await process.exited).toMatchObject({ exitCode: 7, usage: { userCpuMs: expect.any(Number) } });
  });

  it("after a restart of the machine: the output that is there, then the truth that more may be lost", async () => {
    await using executor = await started();
    await using link = await connect(executor.url);
    const process = await link.start(["sh", "-c", "echo one; while sleep 0.1; do echo >&2 || exit; done"]);
    const reader = process.output;
    expect(Buffer.from((await reader.next()).value.bytes).toString()).toBe("one\n");
    await executor.end("SIGKILL");
    const entries = join(journal(), link.state.sessionId ?? "", "0.process");
    await writeFile(entries, (await readFile(entries, "utf8")).replace(/"boot":"[^"]*"/g, '"boot":"earlier"'));
    await executor.start();
    const rest = (async () => {
      for await (const { stream } of reader) expect(stream).toBe("stderr");
    })();
    await expect(rest).rejects.toBeInstanceOf(ProcessLostError);
    await expect(process.exited).rejects.toBeInstanceOf(ProcessLostError);
    expect(link.state.value).toBe("Connected");
  });

  it("`proctor run` prints everything across the restart and exits 137", async () => {
    await using executor = await started();
    await using run = proctor(["run", "--url", executor.url, "--", "sh", "-c", `echo begin; ${counting}`], {
      maxBuffer: 1024 ** 3,
    });
    await printed(run.stdout, /line 1000\n/);
    await executor.end("SIGKILL");
    await executor.start();
    const { stdout, stderr, exitCode } = await run;
    expect(exitCode).toBe(137);
    expect(stderr).toMatch(/^proctor: connection lost .*, recovering\nproctor: recovered\n$/);
    const whole = String(stdout).slice(0, String(stdout).lastIndexOf("\n") + 1);
    expect(whole).toBe(`begin\n${lines(whole.split("\n").length - 2)}`);
  });

  it("without a journal the session is unknown after the restart: the link has failed, and says why (03 T-12)", async () => {
    verifies("03 SS-64", "03 CL-15");
    await using executor = new Restarted();
    await executor.start();
    await using link = await connect(executor.url);
    const process = await link.start(["sh", "-c", counting]);
    await executor.end("SIGKILL");
    await executor.start();
    await expect(process.exited).rejects.toBeInstanceOf(LinkFailedError);
    expect(link.state.reason).toContain(`unknown session id ${link.state.sessionId}`);
    await expect(link.start(["true"])).rejects.toMatchObject({ code: "linkFailed", effect: "notApplied" });
    await using next = await connect(executor.url);
    expect(next.state.sessionId).not.toBe(link.state.sessionId);
  });

  it("refuses a journal that another executor uses, and takes over that of one that was killed", async () => {
    await using executor = await started();
    await using second = proctor(["serve", "--journal", journal()]);
    expect(await second).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: `Error: the journal ${journal()} is in use by the executor with the process id ${executor.server.pid}\n`,
    });
    await executor.end("SIGKILL");
    await executor.start();
    await using link = await connect(executor.url);
    expect(await (await link.start(["echo", "on"])).text()).toBe("on\n");
  });

  it("keeps output from other users, and nothing at all once the sessions are over", async () => {
    await using executor = await started();
    const link = await connect(executor.url);
    const process = await link.start(["sh", "-c", "echo secret; sleep 1000"]);
    await process.output.next();
    const session = join(journal(), link.state.sessionId ?? "");
    const files = (await readdir(session)).map((file) => join(session, file));
    expect(files.map((file) => file.slice(session.length + 1)).sort()).toEqual(["0.0.output", "0.process"]);
    const modes = await Promise.all(
      [journal(), session, ...files].map(async (path) => (await stat(path)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600]);
    await link.close();
    await expect.poll(() => readdir(journal())).toEqual(["lock"]); // when none of its processes is left
    await executor.end("SIGTERM");
    expect(await readdir(journal())).toEqual([]);
  });

  it("loses a damaged process alone, and says so", async () => {
    await using executor = await started();
    await using link = await connect(executor.url);
    const script = (word: string) => `echo ${word}; while sleep 0.1; do echo >&2 || exit; done`; // ends with its executor
    const [bad, good] = await Promise.all(["bad", "good"].map((word) => link.start(["sh", "-c", script(word)])));
    await Promise.all([bad!.output.next(), good!.output.next()]);
    await executor.end("SIGKILL");
    const session = join(journal(), link.state.sessionId ?? "");
    const entries = join(session, "0.process");
    await writeFile(entries, (await readFile(entries, "utf8")).replace('"processId"', '"processIt"'));
    await executor.start();
    await expect(bad!.exited).rejects.toBeInstanceOf(ProcessLostError);
    expect(await good!.text("stdout")).toBe("good\n");
    expect(await good!.exited).toEqual({ exitCode: 137, usage: null });
    await executor.end("SIGTERM");
    expect((await executor.server).stderr).toMatch(`Warning: the journal fails at ${entries}`);
  });

  it("is refused over stdio, where nobody could resume", async () => {
    await using server = proctor(["serve", "--listen", "stdio", "--journal", journal()]);
    expect(await server).toMatchObject({
      exitCode: 1,
      stderr: "Error: a journal is of no use over stdio: nobody could resume a session\n",
    });
  });
});
