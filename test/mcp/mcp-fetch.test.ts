import { expect, it } from "vitest";
import { BodyFailedError, BodyLostError } from "../../src/index.ts";
import { mcpFetch } from "../../src/mcp/index.ts";

const lost = new TypeError("terminated", { cause: new BodyLostError("http-1", "cut") });

interface Stream {
  readonly type?: string;
  readonly pieces: readonly string[];
  /** Why it breaks off; `undefined`: it does not. */
  readonly error?: unknown;
}

/** What a client reads when its request is answered with such a stream. */
async function read(request: unknown, { type = "text/event-stream; charset=utf-8", pieces, error }: Stream) {
  const body = new ReadableStream(
    {
      pull: (controller) => {
        const piece = left.shift();
        if (piece !== undefined) return controller.enqueue(new TextEncoder().encode(piece));
        if (error === undefined) controller.close();
        else controller.error(error);
      },
    },
    { highWaterMark: 0 },
  );
  const left = [...pieces];
  const fetch = mcpFetch({ fetch: async () => new Response(body, { status: 200, headers: { "content-type": type } }) });
  const response = await fetch("http://o.test/", { method: "POST", body: JSON.stringify(request) });
  return response.text();
}

const request = { jsonrpc: "2.0", id: 7, method: "tools/call" };
const event = 'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n';

/** The errors that a client finds in a stream, by the ids of its requests. */
function answers(text: string): unknown[] {
  return text
    .split("\n\n")
    .flatMap((block) => /^event: message\ndata: (.*)$/.exec(block)?.[1] ?? [])
    .map((data) => JSON.parse(data));
}

it("answers a request whose stream breaks off, behind everything that came", async () => {
  const text = await read(request, { pieces: [event, "data: {"], error: lost });
  expect(text.startsWith(event)).toBe(true);
  const error = {
    code: -32_000,
    message: lost.cause instanceof Error ? lost.cause.message : "",
    data: { code: "bodyLost", effect: "unknown" },
  };
  expect(answers(text)).toEqual([{ jsonrpc: "2.0", id: 7, error }]);
});

it("answers every request of a batch, and no notification", async () => {
  const failed = new TypeError("terminated", { cause: new BodyFailedError("http-1", "failed") });
  const batch = [request, { jsonrpc: "2.0", method: "n" }, { ...request, id: "b" }];
  const text = await read(batch, { pieces: [], error: failed });
  expect(answers(text)).toEqual([expect.objectContaining({ id: 7 }), expect.objectContaining({ id: "b" })]);
});

it("leaves a stream whole that ends in order", async () => {
  expect(await read(request, { pieces: [event, event] })).toBe(event + event);
});

it.each<readonly [string, unknown, Stream]>([
  ["whose server has numbered its events", request, { pieces: [`id: 1\n${event}`], error: lost }],
  ["whose number is split between pieces", request, { pieces: ["retry: 1\ni", "d: 1\n\n"], error: lost }],
  ["of an answer to a notification", { jsonrpc: "2.0", method: "n" }, { pieces: [event], error: lost }],
  ["that is no stream of events", request, { type: "application/json", pieces: ["{"], error: lost }],
  ["that breaks for a reason of its own", request, { pieces: [event], error: new Error("mine") }],
])("lets a stream break %s", async (_which, message, stream) => {
  await expect(read(message, stream)).rejects.toBe(stream.error);
});

it("passes on what is not an MCP message", async () => {
  const seen: unknown[] = [];
  const fetch = mcpFetch({
    fetch: async (input, init) => {
      seen.push([input, init?.body]);
      return new Response("{}");
    },
  });
  const form = new URLSearchParams({ grant_type: "x" });
  await fetch("http://o.test/token", { method: "POST", body: form });
  await fetch("http://o.test/token", { method: "POST", body: "grant_type=x" });
  await fetch("http://o.test/");
  expect(seen).toEqual([
    ["http://o.test/token", form],
    ["http://o.test/token", "grant_type=x"],
    ["http://o.test/", undefined],
  ]);
});
