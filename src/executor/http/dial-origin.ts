import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import type { HttpProxy } from "./proxy-choice.ts";
import { openTunnel } from "./tunnel.ts";

/** How an origin is reached over TLS. */
export interface DialOriginOptions {
  readonly url: URL;
  readonly proxy: HttpProxy | null;
  readonly secureContext: SecureContext;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Opens a TLS connection and offers both HTTP/2 and HTTP/1.1: the origin chooses, and `alpnProtocol` tells which (06 H-13).
 * @throws what Node throws, or HttpError where a proxy refuses
 */
export async function dialOrigin({ url, proxy, secureContext, signal }: DialOriginOptions): Promise<TLSSocket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 443 : Number(url.port);
  const authority = `${url.hostname}:${port}`;
  const tunnel = proxy === null ? null : await openTunnel({ proxy, authority, secureContext, signal });
  const socket = connect({
    host,
    port,
    ...(tunnel === null ? {} : { socket: tunnel as Duplex }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["h2", "http/1.1"],
    secureContext,
  });
  await secured(socket, signal);
  return socket;
}

async function secured(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  const done = Promise.withResolvers<void>();
  const abort = () => done.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  socket.once("secureConnect", done.resolve).once("error", done.reject);
  try {
    signal.throwIfAborted();
    await done.promise;
  } catch (error) {
    socket.on("error", () => undefined); // it has failed already
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.off("secureConnect", done.resolve).off("error", done.reject);
  }
}
