import { join } from "node:path";
import { expect } from "vitest";
import { httpOrigin, type Route } from "../../http-origin.ts";
import type { JsonObject } from "../peer/message.ts";
import { RpcClient, startParams } from "../peer/rpc-client.ts";
import { type ServerKind, startServer } from "../peer/server.ts";
import { headersOf, type RecordedExchange, type RecordedServer, readMcpRecording } from "./mcp-recording.ts";

const serverMain = join(import.meta.dirname, "recorded-mcp-server.ts");

/** Does again what a recorded MCP client did, with an origin and servers that say again what they said, and compares what comes back. */
export async function replayMcp(name: string, kind: ServerKind): Promise<void> {
  const { exchanges, servers } = await readMcpRecording(name);
  expect(exchanges.length + servers.length).toBeGreaterThan(2);
  await using server = await startServer(kind);
  const seen: Seen[] = [];
  await using origin = await httpOrigin({ "/mcp": answering(exchanges, seen), "/redir": redirecting });
  const client = await RpcClient.open(server.url);
  try {
    for (const exchange of exchanges) await replayExchange(client, exchange, { url: origin.url, seen, kind });
    for (const each of servers) await replayServer(client, each);
  } finally {
    client[Symbol.dispose]();
  }
}

/** What came to the origin. */
interface Seen {
  readonly method: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const redirecting: Route = (_query, _request, response) => response.writeHead(307, { location: "/mcp" }).end();

/** Answers each request as it was answered then; one that was made several times, in the same order. */
function answering(exchanges: readonly RecordedExchange[], seen: Seen[]): Route {
  const left = [...exchanges];
  return async (_query, request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString("base64");
    const { method = "", rawHeaders } = request;
    seen.push({ method, headers: rawHeaders, body });
    const at = left.findIndex(({ params }) => params.method === method && (params.bodyBase64 ?? "") === body);
    const [exchange] = left.splice(at, 1);
    if (at < 0 || exchange === undefined) return response.writeHead(500).end("this was not recorded");
    for (const [header, value] of exchange.headers) response.appendHeader(header, value);
    response.writeHead(exchange.status);
    response.flushHeaders();
    if (exchange.isWhole) response.end(exchange.body);
    else response.write(exchange.body === "" ? "\n" : exchange.body); // an event stream that stays open
    return undefined;
  };
}

async function replayExchange(
  client: RpcClient,
  exchange: RecordedExchange,
  { url, seen, kind }: { readonly url: string; readonly seen: readonly Seen[]; readonly kind: ServerKind },
): Promise<void> {
  const { params, status, headers, body, isWhole } = exchange;
  const { pathname } = new URL(String(params.url));
  const at = `${params.requestId}: ${params.method} ${pathname}`;
  // The reference follows redirects, whatever is asked for (06 H-53).
  const isStopped = kind === "proctor" && params.redirectPolicy === "stop" && pathname === "/redir";
  const id = client.send("http/request", { ...params, url: url + pathname });
  const { result } = (await client.answer(id)).body as { result: JsonObject };
  if (isStopped) {
    expect(result, at).toMatchObject({ status: 307 });
    return expect(headersOf(result), at).toContainEqual(["location", "/mcp"]);
  }
  expect(result, at).toMatchObject({ status });
  const kept = new Map(headersOf(result));
  for (const [header, value] of headers) expect(kept.get(header), `${at} ${header}`).toBe(value);
  const sent = seen.at(-1);
  expect(sent, at).toMatchObject({ method: String(params.method), body: String(params.bodyBase64 ?? "") });
  for (const { name, value } of (params.headers ?? []) as { name: string; value: string }[]) {
    expect(sent?.headers[(sent?.headers.indexOf(name) ?? 0) + 1], `${at} ${name}`).toBe(value);
  }
  if (params.streamResponse !== true) return;
  const frames = () =>
    client.notifications.map((each) => each.params).filter(({ requestId }) => requestId === params.requestId);
  const text = () =>
    frames()
      .map(({ deltaBase64 }) => Buffer.from(String(deltaBase64), "base64").toString("latin1"))
      .join("");
  if (isWhole) await client.until(() => frames().at(-1)?.done === true, `${at} has not ended`);
  else await client.until(() => frames().length > 0, `${at} has not begun`);
  expect(Buffer.from(text(), "latin1").toString().trimStart(), at).toBe(body.trimStart());
  expect(frames().at(-1), at).toMatchObject({ done: isWhole, error: null });
}

async function replayServer(client: RpcClient, server: RecordedServer): Promise<void> {
  const { processId, writes, stderr } = server;
  const argv = [process.execPath, serverMain, JSON.stringify(server)];
  await client.result("process/start", startParams(processId, argv, { pipeStdin: true }));
  const printed = (stream: string) =>
    client
      .eventsOf(processId)
      .filter(({ method, params }) => method === "process/output" && params.stream === stream)
      .map(({ params }) => Buffer.from(String(params.chunk), "base64").toString("latin1"))
      .join("");
  let wanted = "";
  for (const [index, { line, answer }] of writes.entries()) {
    const chunk = Buffer.from(line).toString("base64");
    const written = await client.result("process/write", { processId, writeId: String(index + 1), chunk });
    expect(written).toEqual({ status: "accepted" });
    if (answer === null) continue;
    wanted += `${Buffer.from(answer).toString("latin1")}\n`;
    await client.until(() => printed("stdout").length >= wanted.length, `no answer to ${line}`);
  }
  expect(printed("stdout")).toBe(wanted);
  await client.until(() => printed("stderr").length >= stderr.length, "stderr is not whole");
  expect(printed("stderr")).toBe(stderr);
  expect(await client.result("process/terminate", { processId })).toEqual({ running: true });
  const closed = () => client.eventsOf(processId).some(({ method }) => method === "process/closed");
  await client.until(closed, `${processId} has not closed`);
  expect(await client.result("process/terminate", { processId })).toEqual({ running: false });
}
