import type { Duplex } from "node:stream";
import type { SecureContext } from "node:tls";
import { HttpError } from "../../ports/http-host.ts";
import type { HttpProxy } from "./proxy-choice.ts";

/** Not imported, for that would load all of undici: see `transports/websocket-listener.ts`. */
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

/** How a tunnel is dug. */
export interface TunnelOptions {
  readonly proxy: HttpProxy;
  /** Where it leads, as `host:port`. */
  readonly authority: string;
  /** For a proxy that speaks TLS. */
  readonly secureContext: SecureContext;
  readonly signal: AbortSignal;
}

/**
 * Asks a proxy for a connection to an origin (06 H-49).
 * @throws HttpError when the proxy refuses; what Node throws when it is not reached
 */
export function openTunnel({ proxy, authority, secureContext, signal }: TunnelOptions): Promise<Duplex> {
  const { url, authorization } = proxy;
  const opened = Promise.withResolvers<Duplex>();
  const headers = { host: authority, ...(authorization === null ? {} : { "proxy-authorization": authorization }) };
  const isSecure = url.protocol === "https:";
  const request = (isSecure ? https : http).request({
    agent: isSecure ? new https.Agent({ secureContext }) : new http.Agent(),
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port,
    method: "CONNECT",
    path: authority,
    headers,
    signal,
  });
  request.on("error", opened.reject);
  request.on("connect", ({ statusCode = 0 }, socket: Duplex, head: Buffer) => {
    if (statusCode >= 200 && statusCode < 300) {
      if (head.length > 0) socket.unshift(head);
      return opened.resolve(socket);
    }
    socket.destroy();
    opened.reject(new HttpError("connect", `the proxy answered with ${statusCode}`));
  });
  request.end();
  return opened.promise;
}
