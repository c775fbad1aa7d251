import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { Gate, type Refusal } from "./gate.ts";
import { bindLoopback } from "./loopback-servers.ts";
import { builtPage, pageFile } from "./page-files.ts";

/** What is served beside the page; by path. Only those who were let in get there. */
export interface Served {
  /** Tells the page what there is: it is the answer of `GET /session`. */
  readonly session: object;
  readonly streams: Readonly<Record<string, (response: ServerResponse) => void>>;
  readonly sockets: Readonly<Record<string, (socket: WebSocket, query: URLSearchParams) => void>>;
}

/** A page on loopback. */
export interface WebServer extends AsyncDisposable {
  /** Opens the page once: it holds a token that is void when it has been used. */
  readonly url: string;
  /** A URL for another browser; one that was not used is void. */
  newUrl(): string;
  /** Cuts everybody off. Idempotent. */
  close(): Promise<void>;
}

/** A message of a viewer is shorter than that: it asks, or types. */
const largestRequest = 128 * 1024;
/** A token and some braces around it. */
const largestExchange = 1_024;
/** Who watches at once; one more is refused. */
export const mostViewers = 16;

/**
 * On every answer. Nothing but our own files runs on the page, and nobody may frame it, read it or hold a reference to it. A style that
 * a library puts into an element of its own (`<style>`, as terminals do) is refused by this: it has to be a constructed style sheet
 * (`adoptedStyleSheets`) or a file.
 */
const guardHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

const statusOf = { foreign: 403, unknown: 401 } as const;
const exchangeRequest = z.object({ token: z.string().max(256) });

/**
 * Serves the page of the inspector, and what it shows, on loopback.
 * @param port 0: any free one
 * @throws ListenError when the port cannot be bound
 */
export async function serveWeb(port: number, served: Served, page: URL = builtPage): Promise<WebServer> {
  const bound = await bindLoopback(port);
  return new LoopbackPage(bound.port, bound.servers, served, page);
}

class LoopbackPage implements WebServer {
  readonly #origin: string;
  readonly #servers: readonly Server[];
  readonly #gate: Gate;
  readonly #served: Served;
  readonly #page: URL;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestRequest,
    perMessageDeflate: false,
    clientTracking: true,
  });
  #url: string;
  #closing: Promise<void> | null = null;

  constructor(port: number, servers: readonly Server[], served: Served, page: URL) {
    this.#origin = `http://127.0.0.1:${port}`;
    this.#servers = servers;
    this.#gate = new Gate(port);
    this.#served = served;
    this.#page = page;
    this.#url = this.newUrl();
    for (const server of servers) {
      server.on("request", (request, response) => this.#requested(request, response));
      server.on("upgrade", (request, socket, head) => this.#upgraded(request, socket, head));
    }
  }

  get url(): string {
    return this.#url;
  }

  newUrl(): string {
    this.#url = `${this.#origin}/#token=${this.#gate.newToken()}`;
    return this.#url;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await Promise.all(
      this.#servers.map((server) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    this.#respond(request, response).catch((error: unknown) => {
      // The disk failed, or the peer went away: it is told that it failed, and nothing of what was asked for.
      process.emitWarning(error instanceof Error ? error : String(error));
      if (response.headersSent) response.destroy();
      else answer(response, 500, "failed\n");
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const foreign = this.#gate.refuseForeign(request);
    if (foreign !== null) return refuse(response, foreign);
    const path = targetOf(request)?.pathname;
    if (path === undefined) return answer(response, 400, "no such path\n");
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (path === "/session" && request.method === "POST") return this.#exchange(request, response);
    if (!isRead) return answer(response, 405, "only to be read\n");
    const stream = this.#served.streams[path];
    if (stream === undefined && path !== "/session") {
      const { status, contentType, body } = await pageFile(this.#page, path);
      return answer(response, status, request.method === "HEAD" ? "" : body, { "content-type": contentType });
    }
    const unknown = this.#gate.refuseUnknown(request);
    if (unknown !== null) return refuse(response, unknown);
    if (stream === undefined) {
      return answer(response, 200, JSON.stringify(this.#served.session), { "content-type": "application/json" });
    }
    response.writeHead(200, { ...guardHeaders, "content-type": "application/jsonl" });
    if (request.method === "HEAD") response.end();
    else stream(response);
  }

  async #exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    const token = text === null ? undefined : exchangeRequest.safeParse(parsed(text)).data?.token;
    const cookie = token === undefined ? null : this.#gate.exchange(token);
    if (cookie === null) return refuse(response, "unknown");
    answer(response, 204, "", { "set-cookie": cookie });
  }

  #upgraded(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A peer that is gone before it has read the refusal has nothing to be told.
    socket.on("error", () => socket.destroy());
    const refusal = this.#gate.refuseForeign(request) ?? this.#gate.refuseUnknown(request);
    if (refusal !== null) return refuseUpgrade(socket, statusOf[refusal]);
    const target = targetOf(request);
    const open = target === null ? undefined : this.#served.sockets[target.pathname];
    if (target === null || open === undefined) return refuseUpgrade(socket, 404);
    if (this.#sockets.clients.size >= mostViewers) return refuseUpgrade(socket, 503);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => open(ws, target.searchParams));
  }
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  answer(response, statusOf[refusal], "refused\n");
}

function answer(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const length = status === 204 ? {} : { "content-length": Buffer.byteLength(body) };
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...length, ...guardHeaders, ...headers });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  const headers = Object.entries(guardHeaders).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n${headers.join("")}\r\n`);
}

/** What a request asks for; `null`: that is not a path here. */
function targetOf({ url = "" }: IncomingMessage): URL | null {
  return url.startsWith("/") ? URL.parse(`http://loopback${url}`) : null;
}

/** The body of a short request; `null`: it is not short. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > largestExchange) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // what is not JSON is no token either
  }
}
