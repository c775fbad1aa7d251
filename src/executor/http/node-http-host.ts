import type { Agent } from "node:http";
import { HttpError, type HttpHost, type HttpRequest, type HttpResponse } from "../../ports/http-host.ts";
import type { Variables } from "./environment-variable.ts";
import { httpFailure } from "./http-failure.ts";
import { http1Exchange } from "./http1-exchange.ts";
import { type HttpProxy, proxyFor } from "./proxy-choice.ts";
import type { SecureOrigins } from "./secure-origins.ts";
import { StaleConnectionError } from "./stale-connection-error.ts";
import { Trust } from "./trust.ts";

/** Not imported, for that would load all of undici: see `transports/websocket-listener.ts`. */
const http = process.getBuiltinModule("node:http");

/**
 * Node's own client, which sends exactly the headers that it is given; its `fetch` and undici add some, and refuse others that the
 * wire allows (06 H-14). Connections are kept and shared by all requests of the executor (06 H-51a).
 * @param variables name the proxies (06 H-49) and the certificates that are trusted besides (06 H-50); looked at with each request
 */
export function nodeHttpHost(variables: () => Variables = () => process.env): HttpHost {
  const trust = new Trust(variables);
  const plain = new http.Agent({ keepAlive: true });
  let secure: Promise<SecureOrigins> | null = null;
  /** Loaded when it is needed: TLS and HTTP/2 take memory that many an executor never uses. */
  const secureOrigins = () => {
    secure ??= import("./secure-origins.ts").then(({ SecureOrigins: Origins }) => new Origins(trust));
    return secure;
  };
  return {
    check: () => trust.check(),
    send: async (request, signal) => {
      signal.throwIfAborted();
      // No server would take it for a request to itself, and Node's client speaks only to proxies with it.
      if (request.method === "CONNECT") throw new HttpError("protocol", "CONNECT is not a request to an origin");
      try {
        const proxy = proxyFor(request.url, variables());
        if (request.url.protocol === "https:") return await (await secureOrigins()).send(request, proxy, signal);
        return await sendPlain(request, { agent: plain, proxy }, signal);
      } catch (error) {
        throw signal.aborted ? signal.reason : httpFailure(error);
      }
    },
    [Symbol.dispose]: () => {
      plain.destroy();
      void secure?.then((origins) => origins.destroy());
    },
  };
}

async function sendPlain(
  request: HttpRequest,
  way: { readonly agent: Agent; readonly proxy: HttpProxy | null },
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await http1Exchange(request, way, signal);
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error;
    return await http1Exchange(request, { ...way, agent: new http.Agent() }, signal);
  }
}
