import { expect, it } from "vitest";
import { localEnvironment } from "../../src/index.ts";
import {
  type JsonRpcMessage,
  McpLineError,
  McpMessageTooLongError,
  McpTransportStateError,
  type RemoteStdioOptions,
  RemoteStdioTransport,
} from "../../src/mcp/index.ts";
import { longestTextLine } from "../../src/mcp/text-lines.ts";
import { dialScripted, settled as turn } from "../client/scripted-link.ts";
import { verifies } from "../rules/verifies.ts";
import { ScriptedHost } from "../scripted-host.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** Some turns: a message passes through a link, an executor and back. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await turn();
}

/** A transport whose server is played by the test, on virtual time. */
async function transportTo(options: RemoteStdioOptions = {}) {
  const host = new ScriptedHost();
  const clock = new VirtualClock();
  const link = await localEnvironment({ host, clock });
  const transport = new RemoteStdioTransport(link, ["server", "--flag"], { clock, ...options });
  const heard = { messages: [] as JsonRpcMessage[], errors: [] as Error[], closes: 0, stderr: [] as string[] };
  transport.onmessage = (message) => heard.messages.push(message);
  transport.onerror = (error) => heard.errors.push(error);
  transport.onclose = () => {
    heard.closes += 1;
  };
  transport.stderr$.subscribe((line) => heard.stderr.push(line));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { host, clock, link, transport, heard, pass };
}

async function running(options: RemoteStdioOptions = {}) {
  const world = await transportTo(options);
  await world.transport.start();
  const child = world.host.children[0];
  if (child === undefined) throw new Error("no server was started");
  return { ...world, child };
}

const message = { jsonrpc: "2.0", method: "m" } as const;
const line = `${JSON.stringify(message)}\n`;

it("writes a message as one line, and reads one from each line (06 M-3, M-4)", async () => {
  verifies("06 M-3", "06 M-4");
  const { transport, child, heard } = await running({ cwd: "/srv", env: { MARK: "1" } });
  expect(child.spec).toMatchObject({
    argv: ["server", "--flag"],
    cwd: "/srv",
    env: expect.objectContaining({ MARK: "1" }),
  });
  await transport.send({ ...message, params: { text: "two\nlines" } } as JsonRpcMessage);
  expect(child.input).toBe('{"jsonrpc":"2.0","method":"m","params":{"text":"two\\nlines"}}\n');
  child.print(`${line}\r\n${line.replace("\n", "\r\n")}`);
  await settled();
  expect(heard).toMatchObject({ messages: [message, message], errors: [] });
});

it("puts a message together from pieces that split its characters (06 M-4)", async () => {
  const { child, heard } = await running();
  for (const byte of Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"text":"größe €😀"}}\n'))
    child.print(Buffer.of(byte));
  await settled();
  expect(heard.messages).toEqual([{ jsonrpc: "2.0", id: 1, result: { text: "größe €😀" } }]);
});

it("reports a line that is no message, without its text, and goes on (06 M-4)", async () => {
  verifies("06 M-4");
  const { child, heard } = await running();
  child.print('secret\n{"jsonrpc":"1.0","method":"m"}\n[]\nnull\n{"jsonrpc":"2.0"}\n');
  child.print(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
  child.print(line);
  await settled();
  expect(heard.messages).toEqual([message]);
  expect(heard.errors).toHaveLength(6);
  for (const error of heard.errors) expect(error).toBeInstanceOf(McpLineError);
  expect(heard.errors.map(String).join()).not.toContain("secret");
});

it("takes every kind of message that JSON-RPC has", async () => {
  const { child, heard } = await running();
  const kinds = [
    { jsonrpc: "2.0", id: 0, method: "m", params: {} },
    { jsonrpc: "2.0", method: "m" },
    { jsonrpc: "2.0", id: "a", result: {} },
    { jsonrpc: "2.0", id: 1, error: { code: -1, message: "no" } },
    { jsonrpc: "2.0", error: { code: -32700, message: "what?" } },
  ];
  for (const kind of kinds) child.print(`${JSON.stringify(kind)}\n`);
  await settled();
  expect(heard).toMatchObject({ messages: kinds, errors: [] });
});

it("a listener that throws harms nothing but hears of it", async () => {
  const { transport, child, heard } = await running();
  const failure = new Error("mine");
  transport.onmessage = () => {
    throw failure;
  };
  child.print(line + line);
  await settled();
  expect(heard.errors).toEqual([failure, failure]);
});

it("parses a last line without an end, and tells of the end once, after everything (06 M-4, M-5, A-1)", async () => {
  verifies("06 M-4", "06 M-5", "06 A-1");
  const { transport, child, heard } = await running();
  child.exit(3);
  await settled();
  expect(heard.closes).toBe(0); // late output still counts
  child.print(line.trimEnd());
  child.print("last words", "stderr");
  child.end("stdout");
  child.end("stderr");
  await settled();
  expect(heard).toEqual({ messages: [message], errors: [], closes: 1, stderr: ["last words"] });
  await expect(transport.exited).resolves.toMatchObject({ exitCode: 3 });
  await transport.close();
  expect(heard.closes).toBe(1);
});

it("stderr comes as lines of text, whatever its bytes are, and is bounded (06 M-4)", async () => {
  const { child, heard } = await running();
  for (const byte of Buffer.from("wärt\r\n")) child.print(Buffer.of(byte), "stderr");
  child.print(Buffer.from([0xff, 0x0a]), "stderr");
  child.print("x".repeat(longestTextLine + 1), "stderr");
  await settled();
  expect(heard.stderr).toEqual(["wärt", "\uFFFD", "x".repeat(longestTextLine)]);
  expect(heard.messages).toEqual([]);
});

it("a message of the server that is too long fails the transport by name, and the server is killed (06 M-8)", async () => {
  verifies("06 M-8");
  const { child, heard } = await running({ longestMessageBytes: 1_000 });
  child.print("x".repeat(1_001));
  await settled();
  expect(heard.errors).toEqual([expect.any(McpMessageTooLongError)]);
  expect(child.signals).toEqual(["SIGKILL"]);
  child.finish(137);
  await settled();
  expect(heard.closes).toBe(1);
});

it("a message that is too long to be sent is refused, and nothing of it is written (06 M-8)", async () => {
  verifies("06 M-8");
  const { transport, child } = await running({ longestMessageBytes: 100 });
  const long = { ...message, method: "x".repeat(100) };
  await expect(transport.send(long)).rejects.toBeInstanceOf(McpMessageTooLongError);
  await transport.send(message);
  expect(child.input).toBe(line);
});

it("closing ends stdin, and is over when the server is (06 M-6)", async () => {
  verifies("06 M-6");
  const { transport, child, heard } = await running();
  const closed = transport.close();
  await settled();
  expect([child.inputEnded, child.signals]).toEqual([true, []]);
  await expect(transport.send(message)).rejects.toBeInstanceOf(McpTransportStateError);
  child.finish(0);
  await closed;
  await settled();
  expect(heard).toMatchObject({ closes: 1, errors: [] });
});

it("a server that stays gets SIGTERM after a grace, and SIGKILL after another (06 M-6)", async () => {
  verifies("06 M-6");
  const { transport, child, pass, heard } = await running({ graceMs: 500 });
  const closed = transport.close();
  await settled();
  await pass(499);
  expect(child.signals).toEqual([]);
  await pass(1);
  expect(child.signals).toEqual(["SIGTERM"]);
  await pass(499);
  expect(child.signals).toEqual(["SIGTERM"]);
  await pass(1);
  expect(child.signals).toEqual(["SIGTERM", "SIGKILL"]);
  expect(heard.closes).toBe(0);
  child.finish(137);
  await closed;
});

it("closing while the server starts gives the start up, and kills a server that has started all the same", async () => {
  const { transport, heard, host } = await transportTo();
  host.holdsSpawns = true;
  const starting = transport.start();
  const refused = expect(starting).rejects.toBeInstanceOf(McpTransportStateError);
  await settled();
  const closed = transport.close();
  await settled();
  const child = host.finishSpawn();
  await settled();
  expect(child.signals).toContain("SIGKILL");
  child.finish(137);
  await Promise.all([refused, closed]);
  await settled();
  expect(heard.closes).toBe(1);
});

it("closing before the start is the end too", async () => {
  const { transport, heard, host } = await transportTo();
  await transport.close();
  await settled();
  expect(heard.closes).toBe(1);
  await expect(transport.start()).rejects.toBeInstanceOf(McpTransportStateError);
  expect(host.children).toEqual([]);
});

it("starts once, and takes nothing before", async () => {
  const { transport } = await transportTo();
  await expect(transport.send(message)).rejects.toBeInstanceOf(McpTransportStateError);
  await transport.start();
  await expect(transport.start()).rejects.toBeInstanceOf(McpTransportStateError);
});

it("ends when its link does, and says why", async () => {
  const { transport, heard, link, child } = await running();
  const closing = link.close();
  await settled();
  child.finish(137);
  await closing;
  await settled();
  expect(heard.closes).toBe(1);
  await transport.close();
});

it("against an executor that can end no input it interrupts, and kills after a grace (06 M-6)", async () => {
  verifies("06 M-6");
  const { peer, clock, connecting } = dialScripted();
  const transport = new RemoteStdioTransport(await connecting, ["server"], { clock, graceMs: 500 });
  const starting = transport.start();
  await settled();
  const { processId } = peer.last.params;
  peer.answer({ processId });
  await starting;
  const closed = transport.close();
  await settled();
  expect(peer.last).toMatchObject({ method: "process/signal", params: { processId, signal: "interrupt" } });
  peer.answer({});
  clock.advance(500);
  await settled();
  expect(peer.last).toMatchObject({ method: "process/terminate", params: { processId } });
  peer.answer({ running: true });
  peer.notify("process/exited", { processId, seq: 1, exitCode: 137 });
  peer.notify("process/closed", { processId, seq: 2 });
  await closed;
});
