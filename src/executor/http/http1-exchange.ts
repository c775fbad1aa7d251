import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { HttpHeader, HttpRequest, HttpResponse } from "../../ports/http-host.ts";
import { BodyQueue } from "./body-queue.ts";
import { gatherOnNode } from "./gather-on-node.ts";
import { httpFailure } from "./http-failure.ts";
import { Http2Chosen } from "./http2-chosen.ts";
import type { HttpProxy } from "./proxy-choice.ts";
import { responseHeaders } from "./response-head.ts";
import type { DialTls } from "./secure-agent.ts";
import { idempotent, StaleConnectionError } from "./stale-connection-error.ts";

/** Not imported, for that would load all of undici: see `transports/websocket-listener.ts`. */
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

/** The head of a response may be so long (06 H-33 asks for 410 KiB). */
const longestHeadBytes = 1024 * 1024;

/** What an exchange over HTTP/1.1 needs. */
export interface Http1Way {
  readonly agent: Agent;
  /** The proxy that gets the whole URL to look at; for plain HTTP only. */
  readonly proxy: HttpProxy | null;
  /** How the agent opens a connection over TLS; for that only. */
  readonly dial?: DialTls;
}

/**
 * One exchange over HTTP/1.1 with exactly the headers that it is given.
 * @throws HttpError; StaleConnectionError when it may be made again; whatever the agent fails with
 */
export function http1Exchange(request: HttpRequest, way: Http1Way, signal: AbortSignal): Promise<HttpResponse> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const outcome = Promise.withResolvers<HttpResponse>();
  const outgoing = send(request, way, signal);
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
    else if (isStale) outcome.reject(new StaleConnectionError());
    else outcome.reject(error instanceof Http2Chosen ? error : httpFailure(error));
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
function send(request: HttpRequest, { agent, proxy, dial }: Http1Way, signal: AbortSignal): ClientRequest {
  const { method, url, body } = request;
  const { request: open } = url.protocol === "https:" ? https : http;
  const target = proxy?.url ?? url;
  const headers = proxy === null ? request.headers : withAuthorization(request.headers, proxy);
  const options = {
    agent,
    hostname: target.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: target.port,
    path: proxy === null ? url.pathname + url.search : url.href,
    maxHeaderSize: longestHeadBytes,
    setDefaultHeaders: false,
    ...(dial === undefined ? {} : { dial, dialSignal: signal }),
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

function withAuthorization(headers: readonly HttpHeader[], { authorization }: HttpProxy): readonly HttpHeader[] {
  const isGiven = headers.some(([name]) => name === "proxy-authorization");
  return authorization === null || isGiven ? headers : [...headers, ["proxy-authorization", authorization]];
}

function bodyOf(incoming: IncomingMessage, outgoing: ClientRequest, fail: (error: unknown) => void): BodyQueue {
  const source = {
    pause: () => incoming.pause(),
    resume: () => incoming.resume(),
    abandon: () => outgoing.destroy(),
  };
  const queue = new BodyQueue(source, gatherOnNode);
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
  return { status: statusCode, statusText: statusMessage, headers: responseHeaders(rawHeaders) };
}
