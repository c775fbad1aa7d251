import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, LinkFailedError, type RemoteEvent } from "../../src/index.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
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
    expect(await process.exited).toEqual({ exitCode: 137 });
    await process.closed;
    const [first, escaped, leader] = [...text.matchAll(/pid (\d+)\n/g)].map((match) => Number(match[1]));
    const printedLines = text.replace(/pid \d+\n/g, "");
    const whole = printedLines.slice(0, printedLines.lastIndexOf("\n") + 1);
    expect(whole).toBe(lines(whole.split("\n").length - 1));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["exited", "closed"]);
    expect([leader, first].map((pid) => isAlive(pid!))).toEqual([false, false]);
    globalThis.process.kill(escaped!, "SIGKILL");
    expect((await (await link.start(["echo", "on"])).text()).trim()).toBe("on");
  });
});
