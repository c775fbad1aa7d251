import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { connect } from "../../src/index.ts";
import { verifies } from "../rules/verifies.ts";
import { isAlive, printed, proctor, type RunningCommand } from "./command.ts";

async function url(server: RunningCommand): Promise<string> {
  return (await printed(server.stdout, /\n/)).trimEnd();
}

describe("over websockets", () => {
  test("the URL is the first line on stdout, and all there ever is", async () => {
    verifies("01 W-2", "01 W-3");
    await using server = proctor(["serve", "--listen", "ws://127.0.0.1:0"]);
    const address = await url(server);
    expect(address).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    await using link = await connect(address);
    const child = await link.start(["sh", "-c", "echo one; echo two >&2"]);
    expect(await child.text()).toContain("one\n");
    server.kill("SIGTERM");
    expect(await server).toMatchObject({ stdout: `${address}\n`, stderr: "", exitCode: 0 });
  });

  test("without --listen it takes a free port of loopback", async () => {
    verifies("01 W-1");
    await using server = proctor(["serve"]);
    expect(await url(server)).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s says goodbye to its connections and exits 0", async (signal) => {
    verifies("01 B-10");
    await using server = proctor(["serve"]);
    const socket = new WebSocket(await url(server));
    await once(socket, "open");
    const closed = once(socket, "close");
    server.kill(signal);
    expect((await closed)[0]).toBe(1001);
    expect(await server).toMatchObject({ stderr: "", exitCode: 0 });
  });

  test("SIGTERM ends the children, also one that ignores SIGTERM and its own child", async () => {
    verifies("03 SS-66");
    await using server = proctor(["serve"]);
    await using link = await connect(await url(server));
    const meek = await link.start(["sh", "-c", "echo $$; exec sleep 600"]);
    const stubborn = await link.start(["sh", "-c", "trap '' TERM; echo $$; sh -c 'echo $$; exec sleep 600'"]);
    const pids = [await firstNumbers(meek, 1), await firstNumbers(stubborn, 2)].flat();
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    server.kill("SIGTERM");
    const { exitCode, durationMs } = await server;
    expect(exitCode).toBe(0);
    expect(pids.map(isAlive)).toEqual([false, false, false]);
    expect(durationMs).toBeLessThan(15_000);
  });
});

async function firstNumbers(child: { output: AsyncIterable<{ bytes: Uint8Array }> }, count: number): Promise<number[]> {
  let text = "";
  for await (const { bytes } of child.output) {
    text += Buffer.from(bytes).toString();
    const lines = text.split("\n").slice(0, -1);
    if (lines.length >= count) return lines.map(Number);
  }
  throw new Error(`ended after ${JSON.stringify(text)}`);
}

describe("what cannot be listened on is told on stderr with exit code 1", () => {
  test.each([
    ["ws://localhost:0", "invalid websocket --listen URL `ws://localhost:0`; expected `ws://IP:PORT`"],
    ["ws://127.0.0.1:99999", "invalid websocket --listen URL `ws://127.0.0.1:99999`; expected `ws://IP:PORT`"],
    ["http://127.0.0.1:0", "unsupported --listen URL `http://127.0.0.1:0`; expected `ws://IP:PORT` or `stdio`"],
    ["", "unsupported --listen URL ``; expected `ws://IP:PORT` or `stdio`"],
  ])("%j", async (listen, text) => {
    verifies("01 W-1", "01 W-4");
    const result = await proctor(["serve", "--listen", listen]);
    expect(result).toMatchObject({ stdout: "", stderr: `Error: ${text}\n`, exitCode: 1 });
  });

  test("an address in use", async () => {
    verifies("01 W-4");
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
    const result = await proctor(["serve", "--listen", `ws://127.0.0.1:${address.port}`]);
    holder.close();
    expect(result).toMatchObject({ stdout: "", stderr: "Error: Address in use (os error 98)\n", exitCode: 1 });
  });
});

test.each([["--listen"], ["extra"], ["--listen", "stdio", "extra"]])(
  "arguments that make no sense are refused with exit code 2: %s",
  async (...args) => {
    const { stdout, stderr, exitCode } = await proctor(["serve", ...args]);
    expect(stderr).toMatch(/^proctor: [^\n]+\n\nUsage: proctor serve/);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  },
);

/** The numbers that a process printed, a line each, as the executor's notifications tell them. */
async function toldNumbers(server: RunningCommand, count: number): Promise<number[]> {
  let text = "";
  for await (const line of createInterface({ input: server.stdout })) {
    const { params } = JSON.parse(line);
    text += Buffer.from(params?.chunk ?? "", "base64").toString();
    if (text.split("\n").length > count) return text.trim().split("\n").map(Number);
  }
  throw new Error(`ended after ${JSON.stringify(text)}`);
}

describe("over stdio", () => {
  const initialize = `{"id":1,"method":"initialize","params":{"clientName":"test"}}\n`;

  test("requests are answered, and the end of the input ends it with 0", async () => {
    verifies("01 W-16", "01 B-9");
    const { stdout, stderr, exitCode } = await proctor(["serve", "--listen", "stdio"], {
      input: `${initialize}{"method":"initialized"}\n{"id":2,"method":"environment/info"}\n`,
    });
    const answers = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { id: 1, result: {} },
      { id: 2, result: { shell: {} } },
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("a violation of the protocol ends it with 1 and the reason on stderr", async () => {
    verifies("01 B-9");
    await using server = proctor(["serve", "--listen", "stdio"]);
    server.stdin?.write(`${initialize}{"method":"no/such/notification"}\n`);
    const { stdout, stderr, exitCode } = await server;
    expect(stdout).toMatch(/^\{"id":1,"result":\{[^\n]+\n$/);
    expect(stderr).toBe("Error: the notification `no/such/notification` does not exist\n");
    expect(exitCode).toBe(1);
  });

  test("the end of the input ends the children too, whatever they ignore", async () => {
    verifies("02 P-76", "03 SS-65");
    await using server = proctor(["serve", "--listen", "stdio"]);
    const script = "trap '' TERM HUP; echo $$; sh -c 'echo $$; sleep 600; :' & wait; sleep 600";
    const params = { processId: "p", argv: ["sh", "-c", script], cwd: "/", env: { PATH: "/usr/bin:/bin" }, tty: false };
    server.stdin?.write(`${initialize}{"method":"initialized"}\n`);
    server.stdin?.write(`${JSON.stringify({ id: 2, method: "process/start", params })}\n`);
    const pids = await toldNumbers(server, 2);
    expect(pids.map(isAlive)).toEqual([true, true]);
    server.stdin?.end();
    expect(await server).toMatchObject({ stderr: "", exitCode: 0 });
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  test("SIGTERM ends it with 0", async () => {
    await using server = proctor(["serve", "--listen", "stdio"]);
    server.stdin?.write(initialize);
    await printed(server.stdout, /"id":1/);
    server.kill("SIGTERM");
    expect(await server).toMatchObject({ stderr: "", exitCode: 0 });
  });
});
