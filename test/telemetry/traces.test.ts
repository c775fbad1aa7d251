import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { describe, expect, it } from "vitest";
import { connect, Executor, type Link, memoryTransportPair, nodeHost, serve, type Transport } from "../../src/index.ts";
import { systemClock } from "../../src/ports/clock.ts";
import { dialWebSocket } from "../../src/transports/dial-websocket.ts";
import { startServer } from "../conformance/peer/server.ts";
import { ScriptedExecutor, startParams } from "../executor/scripted-executor.ts";
import { httpOrigin } from "../http-origin.ts";
import { verifies } from "../rules/verifies.ts";
import { registerSdk } from "./sdk.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";

/** The one span of this name and kind. */
function one(spans: readonly ReadableSpan[], name: string, kind: SpanKind): ReadableSpan {
  const found = spans.filter((span) => span.name === name && span.kind === kind);
  expect(found, `spans ${name}`).toHaveLength(1);
  return found[0] as ReadableSpan;
}

const idOf = (span: ReadableSpan) => span.spanContext().spanId;
const parentOf = (span: ReadableSpan) => span.parentSpanContext?.spanId;

/** A way to an executor that remembers what was sent to it. */
function tapped(dial: () => Promise<Transport>) {
  const sent: string[] = [];
  return {
    sent,
    dial: async (): Promise<Transport> => {
      const transport = await dial();
      const send = transport.send.bind(transport);
      transport.send = (message, done) => {
        sent.push(String(message));
        send(message, done);
      };
      return transport;
    },
  };
}

const dialling = (url: string) => () =>
  dialWebSocket(url, { clock: systemClock, signal: new AbortController().signal });

describe("a process", () => {
  it("is one trace from the orchestrator to the executor's child", async () => {
    verifies("07 E-45");
    await using sdk = registerSdk();
    {
      await using server = await serve();
      await using link = await connect(server.url);
      const child = await link.start(["sh", "-c", "read line; exit 3"], { stdin: true });
      await child.stdin.write("go\n");
      await child.closed;
    }
    const life = one(sdk.spans, "proctor.process", SpanKind.INTERNAL);
    const startCall = one(sdk.spans, "process/start", SpanKind.CLIENT);
    const startRequest = one(sdk.spans, "process/start", SpanKind.SERVER);
    const child = one(sdk.spans, "codex.exec_server.process", SpanKind.INTERNAL);
    const writeCall = one(sdk.spans, "process/write", SpanKind.CLIENT);
    const writeRequest = one(sdk.spans, "process/write", SpanKind.SERVER);
    const spans = [life, startCall, startRequest, child, writeCall, writeRequest];
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(parentOf(life)).toBeUndefined();
    expect(parentOf(startCall)).toBe(idOf(life));
    expect(parentOf(startRequest)).toBe(idOf(startCall));
    expect(parentOf(child)).toBe(idOf(startRequest));
    expect(parentOf(writeCall)).toBe(idOf(life));
    expect(parentOf(writeRequest)).toBe(idOf(writeCall));
    expect(startRequest.attributes).toEqual({ method: "process/start", result: "success" });
    expect(child.attributes).toEqual({ result: "error", "process.exit_code": 3 });
    expect(child.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(life.attributes).toEqual({ "process.exit_code": 3 });
  });

  it("belongs to what the program was in the middle of, and is named where that is asked for", async () => {
    verifies("07 E-48");
    await using sdk = registerSdk();
    const work = trace.getTracer("test").startSpan("work");
    let processId = "";
    {
      await using server = await serve({ telemetry: { includeIds: true } });
      await using link = await connect(server.url, { telemetry: { includeIds: true } });
      await context.with(trace.setSpan(context.active(), work), async () => {
        const child = await link.start(["true"]);
        processId = (await link.processes())[0]?.processId ?? "";
        await child.closed;
      });
    }
    work.end();
    const life = one(sdk.spans, "proctor.process", SpanKind.INTERNAL);
    expect(parentOf(life)).toBe(work.spanContext().spanId);
    expect(parentOf(one(sdk.spans, "session/list", SpanKind.CLIENT))).toBe(work.spanContext().spanId);
    const child = one(sdk.spans, "codex.exec_server.process", SpanKind.INTERNAL);
    expect([life, child].map((span) => span.attributes["process.id"])).toEqual([processId, processId]);
  });

  it("that could not be started ends its spans, with the kind of trouble and without its words", async () => {
    await using sdk = registerSdk();
    {
      await using server = await serve();
      await using link = await connect(server.url);
      await expect(link.start(["no-such-program"])).rejects.toThrow();
    }
    const child = one(sdk.spans, "codex.exec_server.process", SpanKind.INTERNAL);
    expect(child.attributes).toEqual({ "error.type": "spawnFailed" });
    const request = one(sdk.spans, "process/start", SpanKind.SERVER);
    expect(request.attributes).toEqual({ method: "process/start", result: "error", "error.type": "internalError" });
    const life = one(sdk.spans, "proctor.process", SpanKind.INTERNAL);
    expect(life.attributes).toEqual({ "error.type": "internalError" });
    for (const span of [child, request, life]) expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
  });
});

describe("a trace that comes over the wire", () => {
  async function traced(part: string) {
    const world = new ScriptedExecutor();
    const { peer } = await world.connect();
    return { world, peer, ask: () => peer.answer("environment/info", {}, (text) => text.replace(/}$/, `,${part}}`)) };
  }

  it("is that of the request's span, as was recorded", async () => {
    verifies("07 E-45");
    await using sdk = registerSdk();
    const { ask } = await traced(`"trace":{"traceparent":"00-${traceId}-${parentId}-01","tracestate":"a=b","x":1}`);
    expect(await ask()).toHaveProperty("result");
    const span = one(sdk.spans, "environment/info", SpanKind.SERVER);
    expect(span.parentSpanContext).toMatchObject({ traceId, spanId: parentId, isRemote: true });
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.spanContext().traceState?.serialize()).toBe("a=b");
  });

  it.each([`{"traceparent":"garbage"}`, "null", "{}", `{"traceparent":null,"tracestate":null}`])(
    "%s is ignored, and the request served",
    async (value) => {
      verifies("07 E-45");
      await using sdk = registerSdk();
      const { ask } = await traced(`"trace":${value}`);
      expect(await ask()).toHaveProperty("result");
      expect(parentOf(one(sdk.spans, "environment/info", SpanKind.SERVER))).toBeUndefined();
    },
  );

  it.each([`"x"`, "5", `{"traceparent":5}`])("%s is refused under the request's own id", async (value) => {
    verifies("07 E-46");
    const { ask, peer } = await traced(`"trace":${value}`);
    expect(await ask()).toMatchObject({ error: { rpcCode: -32600, message: expect.stringContaining("`trace`") } });
    expect(await peer.answer("environment/info")).toHaveProperty("result"); // and the connection goes on
  });
});

describe("a trace that goes over the wire", () => {
  const makeCalls = async (link: Link) => {
    await (await link.start(["true"])).closed;
    await link.environmentInfo();
  };

  it("goes with every request to an executor that has offered to take it, and not with the handshake", async () => {
    verifies("07 E-45");
    await using _sdk = registerSdk();
    await using server = await serve();
    const tap = tapped(dialling(server.url));
    await using link = await connect({ dial: tap.dial });
    await makeCalls(link);
    const [initialize, initialized, ...calls] = tap.sent.map((text) => JSON.parse(text));
    expect(initialize).not.toHaveProperty("trace");
    expect(initialized).not.toHaveProperty("trace");
    expect(calls.map(({ method }) => method)).toEqual(["process/start", "environment/info"]);
    for (const { trace: sent } of calls) {
      expect(sent).toEqual({ traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/) });
    }
  });

  it("never goes to the reference, which has not offered it", async () => {
    await using sdk = registerSdk();
    await using server = await startServer("reference");
    const tap = tapped(dialling(server.url));
    await using link = await connect({ dial: tap.dial });
    await makeCalls(link);
    expect(tap.sent.length).toBeGreaterThan(3);
    for (const text of tap.sent) expect(Object.keys(JSON.parse(text))).not.toContain("trace");
    expect(sdk.spansNamed("process/start")).toHaveLength(1); // our own end is traced all the same
  });

  it("does not go where there is no SDK, or where the program wants none", async () => {
    const quiet = async (telemetry?: false) => {
      await using server = await serve();
      const tap = tapped(dialling(server.url));
      await using link = await connect({ dial: tap.dial }, telemetry === false ? { telemetry } : {});
      await makeCalls(link);
      for (const text of tap.sent) expect(Object.keys(JSON.parse(text))).not.toContain("trace");
    };
    await quiet();
    await using sdk = registerSdk();
    await quiet(false);
    expect(sdk.spans.filter(({ kind }) => kind === SpanKind.CLIENT)).toEqual([]);
  });
});

describe("an exchange with an origin", () => {
  const headers = { traceparent: `00-${traceId}-${parentId}-01`, tracestate: "caller=1", "x-other": "stays" };
  const seenBy = async (link: Link, url: string) =>
    (await (await link.fetch(url, { headers })).json()) as Record<string, string>;
  const echo = {
    "/seen": (_: unknown, request: { headers: object }, response: { end(text: string): void }) =>
      response.end(JSON.stringify(request.headers)),
  };

  it("carries its own trace on, instead of what its caller has said", async () => {
    verifies("06 H-55");
    await using sdk = registerSdk();
    await using origin = await httpOrigin(echo);
    let seen: Record<string, string> = {};
    {
      await using server = await serve();
      await using link = await connect(server.url);
      seen = await seenBy(link, `${origin.url}/seen?token=hush`);
    }
    const exchange = one(sdk.spans, "codex.exec_server.http_request", SpanKind.CLIENT);
    const request = one(sdk.spans, "http/request", SpanKind.SERVER);
    expect(parentOf(exchange)).toBe(idOf(request));
    expect(seen.traceparent).toBe(`00-${request.spanContext().traceId}-${idOf(exchange)}-01`);
    expect(seen).not.toHaveProperty("tracestate"); // an empty one would say nothing
    expect(seen["x-other"]).toBe("stays");
    expect(exchange.attributes).toEqual({
      "http.request.method": "GET",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(origin.url).port),
      "http.response.status_code": 200,
    });
  });

  it("passes the caller's headers on as they are where nothing is traced", async () => {
    verifies("06 H-55");
    await using origin = await httpOrigin(echo);
    await using server = await serve();
    await using link = await connect(server.url);
    expect(await seenBy(link, `${origin.url}/seen`)).toMatchObject(headers);
  });

  it("that fails tells the kind of trouble", async () => {
    await using sdk = registerSdk();
    {
      await using server = await serve();
      await using link = await connect(server.url);
      await expect(link.fetch("http://127.0.0.1:9/")).rejects.toThrow("fetch failed");
    }
    const { attributes, status } = one(sdk.spans, "codex.exec_server.http_request", SpanKind.CLIENT);
    expect(attributes).toMatchObject({ "error.type": "connect", "server.port": 9 });
    expect(status.code).toBe(SpanStatusCode.ERROR);
  });
});

describe("a link", () => {
  it("has a span for connecting and one for each recovery, whose time is counted", async () => {
    verifies("07 E-48");
    await using sdk = registerSdk();
    await using executor = new Executor(nodeHost());
    let connection: Transport | undefined;
    const dial = async () => {
      const [ours, theirs] = memoryTransportPair();
      void executor.accept(theirs);
      connection = ours;
      return ours;
    };
    const link = await connect({ dial });
    const resumed = new Promise<void>((resolve) =>
      link.state$.subscribe(({ value, generation }) => {
        if (value === "Connected" && generation === 2) resolve();
      }),
    );
    connection?.destroy();
    await resumed;
    await link.close();
    expect(one(sdk.spans, "proctor.connect", SpanKind.CLIENT).attributes).toEqual({ result: "success" });
    expect(one(sdk.spans, "proctor.recovery", SpanKind.CLIENT).attributes).toEqual({ result: "success" });
    const [recovery] = (await sdk.collect()).get("exec_server_session_recovery_seconds") ?? [];
    expect(recovery).toMatchObject({ attributes: { result: "success" }, value: { count: 1 } });
  });

  it("that cannot connect ends its span so", async () => {
    await using sdk = registerSdk();
    await expect(connect("ws://127.0.0.1:9")).rejects.toThrow();
    const { attributes, status } = one(sdk.spans, "proctor.connect", SpanKind.CLIENT);
    expect([attributes, status.code]).toEqual([{ result: "error" }, SpanStatusCode.ERROR]);
  });
});

it("leaves no span open when a session expires under a process, and calls that a termination", async () => {
  verifies("07 E-47");
  await using sdk = registerSdk();
  const world = new ScriptedExecutor({ sessionTtlMs: 10 });
  const { peer } = await world.connect();
  await peer.request("process/start", startParams("p"));
  peer.transport.destroy();
  await world.pass(11);
  expect(one(sdk.spans, "codex.exec_server.process", SpanKind.INTERNAL).attributes).toEqual({ result: "terminated" });
});
