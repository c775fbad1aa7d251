import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Server, serve } from "../../src/index.ts";
import { isObject, type Json } from "../conformance/peer/message.ts";
import { RpcClient, startParams } from "../conformance/peer/rpc-client.ts";
import { Opcode } from "../conformance/peer/websocket-frame.ts";
import { verifies } from "../rules/verifies.ts";

const faults: unknown[] = [];
let server: Server;
/** A second connection, with a process of its own, that must not notice anything. */
let bystander: RpcClient;
let client: RpcClient;

beforeAll(async () => {
  server = await serve({ onFault: (error) => faults.push(error) });
  bystander = await RpcClient.open(server.url);
  await bystander.result("process/start", startParams("echo", ["cat"], { pipeStdin: true }));
});

beforeEach(async () => {
  client = await RpcClient.open(server.url);
});

let writes = 0;
afterEach(async () => {
  client[Symbol.dispose]();
  writes += 1;
  const chunk = btoa(`still here ${writes}`);
  await bystander.result("process/write", { processId: "echo", writeId: String(writes), chunk });
  const heard = () => bystander.eventsOf("echo").some(({ params }) => params.chunk === chunk);
  await bystander.until(heard, "the bystander's process is silent");
  expect(bystander.peer.faults).toEqual([]);
  expect(faults).toEqual([]);
});

afterAll(async () => {
  bystander[Symbol.dispose]();
  await server.close();
});

/** The error that a text is answered with; `id` as it comes back. */
async function errorFor(
  text: string,
  id: string,
): Promise<{ readonly code: Json | undefined; readonly message: string }> {
  client.peer.send(text);
  const { body } = await client.answer(id);
  if (!isObject(body.error)) throw new Error(`no error but ${JSON.stringify(body)}`);
  return { code: body.error.code, message: String(body.error.message) };
}

const request = (method: string, params: unknown, id: unknown = 900) => JSON.stringify({ id, method, params });
const start = (more: object) => request("process/start", { ...startParams("p", ["true"]), ...more });

it.each([
  ["no JSON", "hello"],
  ["half a message", '{"id":1,"method":"environment/info"'],
  ["nothing", ""],
  ["two messages in one", '{"id":1,"method":"environment/info"}{"id":2,"method":"environment/info"}'],
  ["a batch", '[{"id":1,"method":"environment/info"}]'],
  ["a number", "17"],
  ["an object that means nothing", '{"hello":"world"}'],
  ["an id that is none", '{"id":{},"method":"environment/info"}'],
  ["a hundred thousand brackets", "[".repeat(100_000)],
  ["deep nesting where nothing is expected", `{"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
])("%s is answered with -32600 and the id -1, and the connection goes on (01 W-31)", async (_, text) => {
  verifies("01 W-31");
  const { code, message } = await errorFor(text, "-1");
  expect(code).toBe(-32600);
  expect(message).toMatch(/^failed to parse websocket JSON-RPC message from exec-server websocket 127\.0\.0\.1:\d+: ./);
  await client.result("environment/info", {});
});

it.each([
  ["a number for a string", "process/read", { processId: 5 }, "processId"],
  ["a missing field", "process/start", { processId: "p", argv: ["true"], cwd: "/tmp", tty: false }, "env"],
  ["null where null is not allowed", "process/start", { ...startParams("p", ["true"]), pipeStdin: null }, "pipeStdin"],
  ["a number inside a list of strings", "process/start", { ...startParams("p", ["true"]), argv: ["true", 1] }, "argv"],
  ["a number as the value of a variable", "process/start", { ...startParams("p", ["true"]), env: { A: 1 } }, "env"],
  ["a negative number", "process/read", { processId: "p", afterSeq: -1 }, "afterSeq"],
  ["an unknown signal", "process/signal", { processId: "p", signal: "SIGKILL" }, "signal"],
  ["a directory that is not absolute", "process/start", { ...startParams("p", ["true"]), cwd: "tmp" }, "cwd"],
  ["another scheme as a directory", "process/start", { ...startParams("p", ["true"]), cwd: "http://x/y" }, "cwd"],
  ["bytes that are not base64", "process/write", { processId: "p", writeId: "w", chunk: "!!" }, "chunk"],
  ["base64 of the URL alphabet", "process/write", { processId: "p", writeId: "w", chunk: "-_-_" }, "chunk"],
  ["base64 without padding", "process/write", { processId: "p", writeId: "w", chunk: "AAA" }, "chunk"],
  ["an empty write id", "process/write", { processId: "p", writeId: "", chunk: "" }, "writeId"],
  ["an empty argv", "process/start", startParams("p", []), "argv"],
  ["a path that is not absolute", "fs/readFile", { path: "etc/passwd" }, "path"],
])("%s is -32602 and names the field (01 W-26, W-28)", async (_, method, params, field) => {
  verifies("01 W-26", "01 W-28", "02 P-8");
  const { code, message } = await errorFor(request(method, params), "900");
  expect(code).toBe(-32602);
  expect(message).toContain(field);
});

it("params that are no object at all are -32602 (01 W-32)", async () => {
  for (const [index, params] of [null, "x", 3, [], true].entries()) {
    expect((await errorFor(request("process/read", params, `q${index}`), `"q${index}"`)).code).toBe(-32602);
  }
});

it("an unknown method is -32601 and named, whatever its params (01 W-35)", async () => {
  verifies("01 W-35");
  for (const [index, method] of ["nope", "", "__proto__", "constructor", "toString", "process/list"].entries()) {
    const { code, message } = await errorFor(request(method, "anything", `m${index}`), `"m${index}"`);
    expect(code).toBe(-32601);
    expect(message).toContain(`\`${method}\``);
  }
});

it("requests before the handshake are -32600 and say what is missing (01 W-34)", async () => {
  using early = await RpcClient.connect(server.url);
  expect(await early.errorCode("process/start", startParams("p", ["true"]))).toBe(-32600);
  expect(await early.errorCode("environment/info")).toBe(-32600);
  await early.result("initialize", { clientName: "early" });
  expect(await early.errorCode("environment/info")).toBe(-32600);
  early.notify("initialized");
  await early.result("environment/info");
});

describe("ids of processes", () => {
  it("that are unknown are an error to read, and a plain answer otherwise (02 P-3)", async () => {
    expect((await errorFor(request("process/read", { processId: "zz" }), "900")).message).toBe("unknown process id zz");
    expect(await client.result("process/write", { processId: "zz", writeId: "w", chunk: "" })).toEqual({
      status: "unknownProcess",
    });
    expect(await client.result("process/signal", { processId: "zz", signal: "interrupt" })).toEqual({});
    expect(await client.result("process/terminate", { processId: "zz" })).toEqual({ running: false });
  });

  it("that are used already are refused, also when the program does not exist (02 P-6)", async () => {
    await client.result("process/start", startParams("p", ["sleep", "1000"]));
    const { code, message } = await errorFor(start({ argv: ["/no/such/program"] }), "900");
    expect([code, message]).toEqual([-32600, "process p already exists"]);
    expect(await client.result("process/terminate", { processId: "p" })).toEqual({ running: true });
  });

  it("may be anything, also what means something to JavaScript or to JSON (02 P-1)", async () => {
    for (const processId of ["", "__proto__", "constructor", "\u0000", 'a"b\\c', "é✓💡", "x".repeat(10_000)]) {
      await client.result("process/start", startParams(processId, ["echo", "hi"]));
      await client.event("process/closed", processId);
      const { chunks } = await client.result("process/read", { processId });
      expect(chunks).toMatchObject([{ chunk: btoa("hi\n") }]);
    }
  });
});

it.each([
  ["a directory that does not exist", { cwd: "file:///no/such/folder" }, -32603, /No such file or directory/],
  ["a directory that is a file", { cwd: "file:///etc/passwd" }, -32603, /Not a directory/],
  ["a directory of another system", { cwd: "file:///C:/x" }, -32602, /cwd/],
  ["a directory on another host", { cwd: "file://server/share" }, -32602, /cwd/],
  ["a program that does not exist", { argv: ["no-such-program-here"] }, -32603, /No such file or directory/],
  ["a program that is not executable", { argv: ["/etc/passwd"] }, -32603, /Permission denied/],
  ["a program that is a directory", { argv: ["/etc"] }, -32603, /Permission denied/],
  ["a program without a name", { argv: [""] }, -32603, /missing program/],
  ["an argument with a NUL", { argv: ["echo", "a\u0000b"] }, -32603, /nul byte/],
  ["a variable with a NUL", { env: { A: "\u0000" } }, -32603, /nul byte/],
  ["arguments that are too long", { argv: ["echo", "x".repeat(3_000_000)] }, -32603, /Argument list too long/],
])("%s is refused, and the id stays free (02 P-12)", async (_, params, code, message) => {
  verifies("02 P-5", "02 P-12");
  const refusal = await errorFor(start(params), "900");
  expect(refusal.code).toBe(code);
  expect(refusal.message).toMatch(message);
  await client.result("process/start", startParams("p", ["true"]));
});

describe("frames", () => {
  it("of more than 16 MiB end their connection with 1009 (01 W-12)", async () => {
    client.peer.sendFrame({ opcode: Opcode.text, payload: Buffer.alloc(16 * 2 ** 20 + 1, "x") });
    const { closeFrame } = await client.peer.ended();
    expect(closeFrame?.code).toBe(1009);
  });

  it("of bytes are taken like text (01 W-10)", async () => {
    client.peer.sendFrame({ opcode: Opcode.binary, payload: Buffer.from(request("environment/info", {}, "binary")) });
    expect((await client.answer('"binary"')).body).toHaveProperty("result");
  });

  it("of bytes that are no UTF-8 are malformed, and the connection goes on (01 W-13)", async () => {
    client.peer.sendFrame({ opcode: Opcode.binary, payload: Buffer.from([0x7b, 0xff, 0x7d]) });
    expect((await client.answer("-1")).body).toMatchObject({ error: { code: -32600 } });
    await client.result("environment/info", {});
  });

  it("of text that is no UTF-8 end their connection with 1007 (01 W-13)", async () => {
    client.peer.sendFrame({ opcode: Opcode.text, payload: Buffer.from([0xff, 0xfe]) });
    expect((await client.peer.ended()).closeFrame?.code).toBe(1007);
  });

  it("that break the rules of websockets end their connection with 1002 (01 W-13)", async () => {
    client.peer.sendFrame({ opcode: 3, payload: Buffer.from("reserved") });
    expect((await client.peer.ended()).closeFrame?.code).toBe(1002);
  });
});

it("a flood of malformed messages is answered message by message (01 W-31)", async () => {
  const messages = 20_000;
  client.peer.sendAll(Array.from({ length: messages }, (_, n) => `{"${n}`));
  const malformed = () => client.answers.filter(({ id }) => id === "-1").length;
  await client.until(() => client.answers.length > messages, "fewer answers than messages", 30_000);
  expect(malformed()).toBe(messages);
  await client.result("environment/info", {});
});

it("bytes that are no HTTP, and connections that say nothing, disturb nobody", async () => {
  using silent = await RpcClient.connect(server.url);
  using broken = await RpcClient.connect(server.url);
  broken.peer.sendBytes(Buffer.from("GET / HTTP/1.1\r\n\r\n".repeat(100)));
  await broken.peer.ended();
  await client.result("environment/info", {});
  expect(silent.peer.end).toBeUndefined();
});
