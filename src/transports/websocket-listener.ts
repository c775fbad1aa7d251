import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, isIPv6, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../ports/clock.ts";
import { acceptKey } from "./accept-key.ts";
import { ListenError } from "./listen-error.ts";
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from "./message-limits.ts";
import { type HttpAnswer, routeRequest } from "./route-request.ts";
import { WebSocketTransport } from "./websocket-transport.ts";

/**
 * Not imported: an `import` of this module asks it for everything that it offers, its `WebSocket` among that, and so loads all
 * of undici: 30 ms and 13 MB that nobody needs (docs/performance.md).
 */
const http = process.getBuiltinModule("node:http");

/** How to listen. */
export interface ListenWebSocketOptions {
  /** A literal address, without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Gets every accepted connection, in the turn of its upgrade; it opens the transport or the messages wait. */
  readonly onTransport: (transport: WebSocketTransport) => void;
  readonly clock: Clock;
  /** An accept failed, as when descriptors run out; the listener goes on and the peer sees a reset. */
  readonly onAcceptError?: ((error: NodeJS.ErrnoException) => void) | undefined;
  /** An HTTP request was refused, from a web page for instance, or for a path that is not there. */
  readonly onRefused?: ((status: number, peer: string) => void) | undefined;
  /** Bound on the end of each connection; default two seconds. */
  readonly closeGraceMs?: number | undefined;
}

/** A listening socket and the connections that came in through it. */
export interface WebSocketListener extends AsyncDisposable {
  /** `ws://ADDR:PORT` with the address as bound (01 W-2). */
  readonly url: string;
  readonly port: number;
  /** Stops accepting, closes its connections with 1001 and resolves when every socket is gone. Idempotent. */
  close(): Promise<void>;
}

/** Binds a websocket listener (01 sections 2 and 3). Rejects with a {@link ListenError}. */
export async function listenWebSocket(options: ListenWebSocketOptions): Promise<WebSocketListener> {
  const server = http.createServer({ noDelay: true, requireHostHeader: false });
  const connections: Connections = new Map();
  acceptUpgrades(server, options, connections);
  const { address, port } = await bind(server, options);

  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= shutDown(server, connections);
    return closed;
  };
  const host = isIPv6(address) ? `[${address}]` : address;
  return { url: `ws://${host}:${port}`, port, close, [Symbol.asyncDispose]: close };
}

/** Each connection with the promise of its end. */
type Connections = Map<WebSocketTransport, Promise<void>>;

async function shutDown(server: Server, connections: Connections): Promise<void> {
  const unbound = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeAllConnections();
  const ends = [...connections.values()];
  for (const transport of connections.keys()) transport.close(1001, "the executor is shutting down");
  await Promise.all([unbound, ...ends]);
}

function bind(server: Server, { host, port, onAcceptError }: ListenWebSocketOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException) => {
      const text = cause.code === "EADDRINUSE" ? "Address in use (os error 98)" : cause.message;
      reject(new ListenError(text, { cause }));
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      server.on("error", (error) => onAcceptError?.(error));
      // A TCP server's address is never a path.
      resolve(server.address() as AddressInfo);
    });
  });
}

function acceptUpgrades(server: Server, options: ListenWebSocketOptions, connections: Connections): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const originalKeys = new WeakMap<IncomingMessage, string>();
  sockets.on("headers", (lines, request) => {
    const key = originalKeys.get(request);
    if (key === undefined) return;
    const at = lines.findIndex((line) => line.startsWith("Sec-WebSocket-Accept:"));
    lines[at] = `Sec-WebSocket-Accept: ${acceptKey(key)}`;
  });

  server.on("request", (request, response) => {
    const answer = routeRequest(request, false);
    // Without a recognised upgrade there is always an answer.
    if (answer === "upgrade") return;
    tellRefusal(answer, request.socket, options);
    write(response, answer);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const answer = routeRequest(request, true);
    if (answer !== "upgrade") {
      tellRefusal(answer, socket, options);
      refuse(request, socket, answer);
      return;
    }
    // Neither is looked at (01 W-8, W-9), whereas `ws` refuses keys of other lengths and malformed lists of protocols.
    delete request.headers["sec-websocket-protocol"];
    const key = request.headers["sec-websocket-key"] ?? "";
    if (!wellFormedKey.test(key)) {
      originalKeys.set(request, key);
      request.headers["sec-websocket-key"] = substituteKey;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => adopt(ws, socket, options, connections));
  });
}

function tellRefusal({ status }: HttpAnswer, socket: Duplex, { onRefused }: ListenWebSocketOptions): void {
  if (status >= 400) onRefused?.(status, peerOf(socket));
}

const wellFormedKey = /^[+/0-9A-Za-z]{22}==$/;
const substituteKey = `${"A".repeat(22)}==`;

function adopt(ws: WebSocket, socket: Duplex, options: ListenWebSocketOptions, connections: Connections): void {
  const transport = new WebSocketTransport(ws, socket, {
    peer: peerOf(socket),
    clock: options.clock,
    maxFrameBytes: MAX_FRAME_BYTES,
    closeGraceMs: options.closeGraceMs,
  });
  const end = new Promise<void>((resolve) => {
    ws.once("close", () => {
      connections.delete(transport);
      resolve();
    });
  });
  connections.set(transport, end);
  options.onTransport(transport);
}

function peerOf(socket: Duplex): string {
  if (!(socket instanceof Socket)) return "unknown peer";
  const { remoteAddress: address = "unknown address", remotePort } = socket;
  return `${isIPv6(address) ? `[${address}]` : address}:${remotePort}`;
}

function write(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  // The reference names neither `connection` nor `keep-alive`; persistence is the default of HTTP/1.1 anyway.
  response.removeHeader("connection");
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** Answers on a socket that Node has already taken away from its HTTP parser, and closes it. */
function refuse(request: IncomingMessage, socket: Duplex, answer: HttpAnswer): void {
  // The peer went away before it read our refusal: there is nobody left to tell.
  socket.on("error", () => socket.destroy());
  const response = new http.ServerResponse(request);
  // Node hands out the `net.Socket` that it accepted; the event's type is wider for servers over other streams.
  response.assignSocket(socket as Socket);
  response.once("finish", () => socket.end(() => socket.destroy()));
  write(response, answer);
}
