import { expect, it } from "vitest";
import { connect, serve } from "../../src/index.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { redact } from "../../src/telemetry/redact.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import { httpOrigin } from "../http-origin.ts";
import { RawConnection } from "../raw-connection.ts";
import { verifies } from "../rules/verifies.ts";
import { MemoryLog } from "./memory-log.ts";
import { type MemorySdk, registerSdk } from "./sdk.ts";

const secret = "sk_live_4f9a8b7c6d5e4f3a2b1c0d9e8f7a";
const encoded = Buffer.from(secret).toString("base64");

/** Everything that left the program. */
async function toldBy(sdk: MemorySdk, ...logs: MemoryLog[]): Promise<string> {
  const spans = sdk.spans.map(({ name, attributes, status, events, links }) => ({
    name,
    attributes,
    status,
    events,
    links,
  }));
  return JSON.stringify([spans, [...(await sdk.collect())], logs.map(({ entries }) => entries)]);
}

async function rawPeer(url: string): Promise<RawConnection> {
  return new RawConnection(await dialWebSocket(url, { clock: systemClock, signal: new AbortController().signal }));
}

it("tells no secret, in whatever field a peer puts it", async () => {
  verifies("07 E-48");
  await using sdk = registerSdk();
  await using origin = await httpOrigin({
    "/secret": (_, __, response) => response.writeHead(200, { "x-secret": secret }).end(secret),
  });
  const log = new MemoryLog();
  const names: string[] = [];
  {
    await using server = await serve({ logger: log });
    const peer = await rawPeer(server.url);
    const { sessionId, proctor } = await peer.request("initialize", { clientName: secret, resumeSessionId: null });
    names.push(String(sessionId), String((proctor as { observerKey: string }).observerKey));
    peer.notify("initialized");
    const env = { MY_SECRET: secret, PATH: "/usr/bin:/bin" };
    const start = { processId: secret, cwd: "file:///tmp", env, tty: false, pipeStdin: true, arg0: secret };
    const script = ["sh", "-c", `echo $MY_SECRET; cat; exit 1 # ${secret}`, secret];
    const trace = { traceparent: secret };
    await peer.answer("process/start", { ...start, argv: script, startId: secret }, (text) =>
      text.replace(/}$/, `,"trace":${JSON.stringify(trace)}}`),
    );
    await peer.answer("process/write", { processId: secret, writeId: secret, chunk: encoded });
    await peer.answer("process/closeStdin", { processId: secret });
    await peer.answer("process/start", { ...start, processId: "2", argv: [`/no/such/${secret}`] });
    await peer.answer("process/start", { ...start, processId: "3", argv: ["sh"], cwd: `file:///no/such/${secret}` });
    const entries = [{ path: { type: "path", path: `file:///c:/${secret}` }, access: "read" }];
    const permissions = { type: "managed", file_system: { type: "restricted", entries }, network: "restricted" };
    const sandbox = { permissions, windowsSandboxLevel: "disabled" };
    await peer.answer("process/start", { ...start, processId: "4", argv: ["sh"], sandbox });
    await peer.answer("process/read", { processId: secret, afterSeq: 0, waitMs: 2_000 });
    await peer.answer("fs/readFile", { path: `file:///no/such/${secret}` });
    await peer.answer("fs/writeFile", {
      path: `file:///no/such/${secret}`,
      dataBase64: encoded,
      idempotencyKey: secret,
    });
    await peer.answer("session/observe", { observerKey: secret });
    await peer.answer(`method/${secret}`, { secret });
    const url = `${origin.url.replace("//", `//user:${secret}@`)}/secret?token=${secret}#${secret}`;
    const headers = [{ name: "authorization", value: `Bearer ${secret}` }];
    const http = { method: "POST", url, headers, bodyBase64: encoded, streamResponse: false };
    await peer.answer("http/request", { ...http, requestId: secret });
    await peer.answer("http/request", { ...http, requestId: secret, method: secret.replaceAll("_", "-") });
    await peer.answer("http/request", { ...http, requestId: secret, url: `http://127.0.0.1:9/${secret}?${secret}` });
    peer.send(`{"id":1,"method":"${secret}`);
    peer.send(`{"id":1,"method":"${secret}","trace":"${secret}"}`);
    peer.notify(`notification/${secret}`);
    await peer.ended;
    const leaver = await rawPeer(server.url);
    await leaver.answer("initialize", { clientName: "c", resumeSessionId: secret });
    await leaver.answer("initialize", { clientName: "c", resumeSessionId: sessionId });
    leaver.transport.close(4000, `because of ${secret}`);
    await leaver.ended;
  }
  const told = await toldBy(sdk, log);
  for (const hidden of [secret, secret.replaceAll("_", "-"), encoded, ...names]) expect(told).not.toContain(hidden);
  // It was not silent because nothing happened.
  expect(log.told).toContain("info process over");
  expect(log.told).toContain("warn sandbox refused");
  expect(log.told).toContain("warn a message could not be understood");
  expect(log.told).toContain("warn a request came with a trace that cannot be used");
  expect(sdk.spansNamed("codex.exec_server.http_request")).toHaveLength(3);
  expect(sdk.spansNamed("unknown")).toHaveLength(1);
});

it("tells no secret of a client either, not even of a URL with credentials", async () => {
  await using sdk = registerSdk();
  const log = new MemoryLog();
  const options = { logger: log, headers: { authorization: `Bearer ${secret}` }, clientName: secret };
  await expect(connect(`ws://user:${secret}@127.0.0.1:9/${secret}?token=${secret}`, options)).rejects.toThrow();
  let sessionId = "";
  {
    await using server = await serve();
    await using link = await connect(server.url, options);
    sessionId = link.state.sessionId ?? "";
    await (await link.start(["true", secret], { env: { TOKEN: secret } })).closed;
  }
  const told = await toldBy(sdk, log);
  expect(told).not.toContain(secret);
  expect(told).not.toContain(sessionId);
  expect(log.told).toEqual(["error link failed", "info connected", "info link closed"]);
});

it.each([
  ["unknown session id 01234567-89ab-4cde-8f01-23456789abcd", "unknown session id 01234567"],
  ["cannot reach wss://user:pass@host:1/path?sig=abc#f", "cannot reach wss://host:1/path"],
  ["sent Authorization: Bearer abc.def", "sent Authorization: Bearer ***"],
  ["API_KEY=hunter2 failed", "API_KEY=*** failed"],
  [`{"password": "a b", "x": 1}`, `{"password": ***, "x": 1}`],
  ["run --token hunter2 now", "run --token *** now"],
  [
    `deny pattern \`/home/*/.ssh\` matches more than 100 files`,
    `deny pattern \`/home/*/.ssh\` matches more than 100 files`,
  ],
  ["two\nlines\u001b[31m", "two lines [31m"],
  ["No such file or directory (os error 2)", "No such file or directory (os error 2)"],
])("%j is told as %j", (text, told) => {
  expect(redact(text)).toBe(told);
});

it("takes no longer than a moment for the worst of texts, and shortens it", () => {
  for (const piece of ["a-", "key=", "1a", "--key ", "http://", "://@", "\u0000"]) {
    expect(redact(piece.repeat(1_000_000)).length).toBeLessThan(310);
  }
});
