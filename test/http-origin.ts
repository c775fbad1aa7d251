import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";

/** A server on loopback that requests are sent to. */
export interface Origin extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The request lines that came, in order. */
  readonly seen: string[];
  /** How many connections it took. */
  readonly connections: () => number;
}

/** Answers one path. */
export type Route = (query: URLSearchParams, request: IncomingMessage, response: ServerResponse) => unknown;

/** A server that echoes requests, redirects, is slow, streams: the one of the recordings, and what a test adds. */
export async function httpOrigin(more: Readonly<Record<string, Route>> = {}): Promise<Origin> {
  const seen: string[] = [];
  let connections = 0;
  const timers = new Set<NodeJS.Timeout>();
  const routes: Readonly<Record<string, Route>> = { ...standardRoutes(timers), ...more };
  const server = createServer({ keepAliveTimeout: 30_000, maxHeaderSize: 1024 * 1024 }, (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://origin");
    const route = routes[pathname];
    if (route === undefined) response.writeHead(404, { "content-type": "text/plain" }).end("nope");
    else void route(searchParams, request, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    seen,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A server that knows no HTTP. */
export interface RawOrigin extends Origin {
  /** The next request gets no answer: its connection is closed. */
  dropNext(): void;
}

/** A server that answers whatever it gets with given bytes, and closes; `null` closes at once. */
export async function rawOrigin(
  answer: string | Buffer | null,
  options: { readonly stayOpen?: boolean } = {},
): Promise<RawOrigin> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  let drops = false;
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined); // the peer may go first
    socket.on("data", (data) => {
      seen.push(data.toString("latin1"));
      if (drops) {
        drops = false;
        socket.destroy();
        return;
      }
      if (answer !== null) socket.write(answer);
      if (options.stayOpen !== true) socket.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    seen,
    connections: () => connections,
    dropNext: () => {
      drops = true;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function standardRoutes(timers: Set<NodeJS.Timeout>): Readonly<Record<string, Route>> {
  /** Calls `step` with 0, 1, … at an interval, until the peer is gone or `count` is reached; then `done`. */
  const paced = (query: URLSearchParams, response: ServerResponse, step: (n: number) => void) => {
    const count = Number(query.get("n") ?? 1);
    let n = 0;
    const timer = setInterval(
      () => {
        step(n);
        n += 1;
        if (n < count) return;
        clearInterval(timer);
        response.end();
      },
      Number(query.get("ms") ?? 0),
    );
    timers.add(timer);
    response.on("close", () => clearInterval(timer));
    step(n);
    n += 1;
    if (n === count) {
      clearInterval(timer);
      response.end();
    }
  };
  return {
    "/echo": async (_query, request, response) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece);
      const { method, url, httpVersion, rawHeaders } = request;
      const body = Buffer.concat(pieces).toString("base64");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ method, url, httpVersion, rawHeaders, body }));
    },
    "/redir": (query, _request, response) => {
      const location = query.get("to") ?? "";
      response.writeHead(Number(query.get("code")), { location, "x-hop": "1" }).end("redirect body");
    },
    "/loop": (query, _request, response) => {
      response.writeHead(302, { location: `/loop?i=${Number(query.get("i") ?? 0) + 1}` }).end();
    },
    "/slow": (query, _request, response) => {
      const timer = setTimeout(
        () => response.writeHead(200, { "content-type": "text/plain", "content-length": 4 }).end("slow"),
        Number(query.get("ms")),
      );
      timers.add(timer);
      response.on("close", () => clearTimeout(timer));
    },
    "/hang": () => undefined,
    "/chunks": (query, _request, response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      paced(query, response, (n) => response.write(`${query.get("c") ?? "chunk"}${n}`));
    },
    "/sse": (query, _request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      paced(query, response, (n) => response.write(`id: ${n}\ndata: {"i":${n}}\n\n`));
    },
    "/status": (query, _request, response) => {
      const headers = JSON.parse(query.get("h") ?? "{}") as Record<string, string>;
      response.writeHead(Number(query.get("code")), headers).end(query.get("body") ?? "");
    },
    "/early": (_query, _request, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.writeHead(200, { "content-length": 17 }).end("after early hints");
    },
    "/trailers": (_query, _request, response) => {
      response.writeHead(200, { trailer: "X-T" });
      response.write("abc");
      response.addTrailers({ "X-T": "1" });
      response.end();
    },
    "/gzip": (_query, _request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hello hello gzip"));
    },
  };
}
