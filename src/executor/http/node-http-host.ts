import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import {
  HttpError,
  type HttpHeader,
  type HttpHost,
  type HttpRequest,
  type HttpResponse,
} from "../../ports/http-host.ts";
import { BodyQueue } from "./body-queue.ts";
import { groupedHeaders } from "./grouped-headers.ts";
import { httpFailure } from "./http-failure.ts";

/** Not imported, for that would load all of undici: see `transports/websocket-listener.ts`. */
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

/** The head of a response may be so long (06 H-33 asks for 410 KiB). */
const longestHeadBytes = 1024 * 1024;

/** Those may be sent again when a kept connection turns out to be closed (06 H-51a). */
const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * Node's own client, which sends exactly the headers that it is given; its `fetch` and undici add some, and refuse others that the
 * wire allows (06 H-14). Connections are kept and shared by all requests of the executor (06 H-51a).
 */
export function nodeHttpHost(): HttpHost {
  const plain = new http.Agent({ keepAlive: true });
  const secure = new https.Agent({ keepAlive: true });
  const agentOf = (url: URL) => (url.protocol === "https:" ? secure : plain);
  return {
    send: async (request, signal) => {
      signal.throwIfAborted();
      // No server would take it for a request to itself, and Node's client speaks only to proxies with it.
      if (request.method === "CONNECT") throw new HttpError("protocol", "CONNECT is not a request to an origin");
      try {
        return await exchange(request, agentOf(request.url), signal);
      } catch (error) {
        if (!(error instanceof StaleConnectionError)) throw error;
        return await exchange(request, new (request.url.protocol === "https:" ? https : http).Agent(), signal);
      }
    },
    [Symbol.dispose]: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** A kept connection was closed by the origin before it saw the request. */
class StaleConnectionError extends Error {}

function exchange(request: HttpRequest, agent: Agent, signal: AbortSignal): Promise<HttpResponse> {
  const outcome = Promise.withResolvers<HttpResponse>();
  const outgoing = send(request, agent);
  let queue: BodyQueue | null = null;

  const abort = () => {
    queue?.abort(signal.reason);
    outgoing.destroy();
    outcome.reject(signal.reason);
  };
  const over = () => signal.removeEventListener("abort", abort);
  signal.addEventListener("abort", abort, { once: true });
  outgoing.once("close", over);

  const fail = (error: unknown) => {
    const isStale = outgoing.reusedSocket && idempotent.has(request.method) && httpFailure(error).trouble === "reset";
    if (queue !== null) queue.finish(httpFailure(error));
    else outcome.reject(isStale ? new StaleConnectionError() : httpFailure(error));
  };
  outgoing.on("error", fail);
  outgoing.on("response", (incoming) => {
    queue = bodyOf(incoming, outgoing, fail);
    outcome.resolve({ ...headOf(incoming), body: queue });
  });
  // What follows a 101 is no HTTP: the response ends here (06 H-18).
  outgoing.on("upgrade", (incoming, socket) => {
    socket.destroy();
    queue = emptyBody();
    outcome.resolve({ ...headOf(incoming), body: queue });
  });
  outgoing.on("information", (info) => {
    if (info.statusCode !== 101) return;
    queue = emptyBody();
    outcome.resolve({ ...headOf(info), body: queue });
    outgoing.destroy();
  });
  return outcome.promise;
}

function send(request: HttpRequest, agent: Agent): ClientRequest {
  const { method, url, headers, body } = request;
  const { request: open } = url.protocol === "https:" ? https : http;
  const options = {
    agent,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port,
    path: url.pathname + url.search,
    maxHeaderSize: longestHeadBytes,
    setDefaultHeaders: false,
  };
  let outgoing: ClientRequest;
  if (method === method.toUpperCase()) {
    outgoing = open({ ...options, method, headers: headers.flat() as unknown as OutgoingHttpHeaders }); // a flat list is allowed, the type knows only Node's newer form
  } else {
    // Node turns a method to upper case when the request is made, and writes whatever it is when the head leaves.
    outgoing = open(options);
    outgoing.method = method;
    for (const [name, value] of headers) outgoing.appendHeader(name, value);
  }
  outgoing.setNoDelay(true);
  if (body === null) outgoing.end();
  else outgoing.end(body);
  return outgoing;
}

function bodyOf(incoming: IncomingMessage, outgoing: ClientRequest, fail: (error: unknown) => void): BodyQueue {
  const queue = new BodyQueue({
    pause: () => incoming.pause(),
    resume: () => incoming.resume(),
    abandon: () => outgoing.destroy(),
  });
  incoming.on("data", (piece: Buffer) => queue.push(piece));
  incoming.on("end", () => queue.finish());
  incoming.on("error", fail);
  return queue;
}

function emptyBody(): BodyQueue {
  const queue = new BodyQueue({ pause: () => undefined, resume: () => undefined, abandon: () => undefined });
  queue.finish();
  return queue;
}

/** What Node tells of an interim and of a final response alike. */
interface Head {
  readonly statusCode?: number | undefined;
  readonly statusMessage?: string | undefined;
  readonly rawHeaders: readonly string[];
}

function headOf({ statusCode = 0, statusMessage = "", rawHeaders }: Head) {
  const headers: HttpHeader[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.push([(rawHeaders[at] ?? "").toLowerCase(), textOf(rawHeaders[at + 1] ?? "")]);
  }
  return { status: statusCode, statusText: statusMessage, headers: groupedHeaders(headers) };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 where it is valid, else one character for each byte (06 H-31a). */
function textOf(octets: string): string {
  const text = octets.replace(/^[\t ]+|[\t ]+$/g, "");
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, "latin1"));
  } catch (error) {
    if (error instanceof TypeError) return text;
    throw error;
  }
}
