import { z } from "zod";
import { BodyFailedError, BodyLostError } from "../actors/body-errors.ts";
import type { Link } from "../client/link.ts";
import type { RemoteFetch } from "../client/remote-fetch.ts";

/** The number that MCP's SDKs give to a connection that was closed before the answer. */
const connectionClosed = -32_000;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * `link.fetch` for a Streamable HTTP transport: `new StreamableHTTPClientTransport(url, { fetch: mcpFetch(link) })`. Bodies do not
 * survive a lost connection, and a client of MCP would wait for an answer that can no more come until its own time is over. Here
 * a request whose stream breaks off is answered at once, with an error that names the cause; unless the server has numbered the
 * events of the stream, which the SDK then resumes by itself.
 */
export function mcpFetch({ fetch }: Pick<Link, "fetch">): RemoteFetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const isStream = /^text\/event-stream(?:;|$)/i.test(response.headers.get("content-type") ?? "");
    if (!isStream || response.body === null || typeof init?.body !== "string") return response;
    const ids = requestIds(init.body);
    if (ids.length === 0) return response;
    const { status, statusText, headers } = response;
    return new Response(answeringBreaks(response.body, ids), { status, statusText, headers });
  };
}

const request = z.object({ id: z.union([z.string(), z.number()]), method: z.string() });

/** The ids of the requests among the messages of a body, which got a stream of events for an answer. */
function requestIds(body: string): (string | number)[] {
  const messages: unknown = JSON.parse(body);
  return (Array.isArray(messages) ? messages : [messages])
    .map((message) => request.safeParse(message).data?.id)
    .filter((id) => id !== undefined);
}

function answeringBreaks(body: Bytes, ids: readonly (string | number)[]): Bytes {
  const reader = body.getReader();
  let isResumable = false;
  let tail = "\n";
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          const text = tail + Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
          isResumable ||= /[\r\n]id:/.test(text);
          tail = text.slice(-3);
          controller.enqueue(value);
        } catch (error) {
          const cause = error instanceof Error ? error.cause : null;
          const isBroken = cause instanceof BodyLostError || cause instanceof BodyFailedError;
          if (!isBroken || isResumable) throw error;
          for (const id of ids) controller.enqueue(errorEvent(id, cause));
          controller.close();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Begins with the end of whatever event was being sent. */
function errorEvent(id: string | number, { code, message, effect }: BodyLostError | BodyFailedError) {
  const error = { code: connectionClosed, message, data: { code, effect } };
  return new TextEncoder().encode(`\n\nevent: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, error })}\n\n`);
}
