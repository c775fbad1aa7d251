import type { IncomingMessage } from "node:http";

/** A plain HTTP answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The parts of a request that decide where it goes. */
export type RoutedRequest = Pick<
  IncomingMessage,
  "method" | "url" | "headers" | "httpVersionMajor" | "httpVersionMinor"
>;

/**
 * What the listener does with a request (01 W-6, W-7, W-8): `upgrade`, or an answer. `canUpgrade` says whether the
 * HTTP layer recognised an upgrade. Any `Origin` is refused before everything else: no web page may drive an executor.
 */
export function routeRequest(request: RoutedRequest, canUpgrade: boolean): HttpAnswer | "upgrade" {
  if (request.headers.origin !== undefined) return empty(403);
  const path = (request.url ?? "").replace(/\?.*$/s, "");
  if (path === "/readyz") return routeReadiness(request);
  if (path === "/") return routeUpgrade(request, canUpgrade);
  return empty(404);
}

function routeReadiness({ method }: RoutedRequest): HttpAnswer {
  return method === "GET" || method === "HEAD" ? empty(200) : { ...empty(405), headers: { allow: "GET,HEAD" } };
}

function routeUpgrade(request: RoutedRequest, canUpgrade: boolean): HttpAnswer | "upgrade" {
  const { connection = "", upgrade = "" } = request.headers;
  if (request.method !== "GET") return text(405, "Request method must be `GET`");
  if (!connection.toLowerCase().includes("upgrade")) return text(400, "Connection header did not include 'upgrade'");
  if (upgrade.toLowerCase() !== "websocket") return text(400, "`Upgrade` header did not include 'websocket'");
  if (request.headers["sec-websocket-version"] !== "13") {
    return text(400, "`Sec-WebSocket-Version` header did not include '13'");
  }
  if (request.headers["sec-websocket-key"] === undefined) return text(400, "`Sec-WebSocket-Key` header missing");
  const isHttp11 = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1;
  return canUpgrade && isHttp11 ? "upgrade" : text(426, "this connection cannot be upgraded");
}

function empty(status: number): HttpAnswer {
  return { status, headers: {}, body: "" };
}

function text(status: number, body: string): HttpAnswer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}
