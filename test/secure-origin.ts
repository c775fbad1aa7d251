import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Writable } from "node:stream";

const folder = join(import.meta.dirname, "tls");

/** The PEM file with the authority that has signed the origin's certificate. */
export const authorityPath = join(folder, "authority.pem");

/** A server on loopback that speaks TLS. */
export interface SecureOrigin extends AsyncDisposable {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** The requests that came: version, method, path. */
  readonly seen: string[];
  /** How many connections it took. */
  readonly connections: () => number;
  /** Ends every connection, whatever is under way. */
  hangUp(): void;
}

/** Answers one path. */
export type SecureRoute = (request: Http2ServerRequest | IncomingMessage, response: Writable) => unknown;

/** @param version what it offers; `h2` means HTTP/1.1 too. A path without a route is echoed. */
export async function secureOrigin(
  version: "h2" | "http/1.1",
  routes: Readonly<Record<string, SecureRoute>> = {},
): Promise<SecureOrigin> {
  const [key, cert] = await Promise.all(
    ["localhost.key.pem", "localhost.pem"].map((file) => readFile(join(folder, file))),
  );
  if (key === undefined || cert === undefined) throw new Error("there are two files");
  const seen: string[] = [];
  const sockets = new Set<{ destroy(): unknown }>();
  let connections = 0;
  const answer = async (
    request: Http2ServerRequest | IncomingMessage,
    response: Http2ServerResponse | ServerResponse,
  ): Promise<void> => {
    const { httpVersion, method, url = "/", rawHeaders } = request;
    seen.push(`${httpVersion} ${method} ${url}`);
    const route = routes[new URL(url, "https://origin").pathname];
    if (route !== undefined) return void route(request, response);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    response.end(JSON.stringify({ httpVersion, method, url, rawHeaders, body }));
  };
  const server =
    version === "h2"
      ? createSecureServer({ key, cert, allowHTTP1: true }, answer).on("sessionError", () => undefined) // the peer may go first
      : createServer({ key, cert }, answer);
  server.on("secureConnection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`, // it listens on a port
    seen,
    connections: () => connections,
    hangUp,
    [Symbol.asyncDispose]: async () => {
      hangUp();
      server.close();
      await once(server, "close");
    },
  };
}
