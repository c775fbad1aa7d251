import type { FinalResponse } from "../../actors/http-exchange.ts";
import {
  HttpError,
  type HttpHeader,
  type HttpHost,
  type HttpRequest,
  type HttpResponse,
} from "../../ports/http-host.ts";
import { groupedHeaders } from "./grouped-headers.ts";

/** Redirects that are followed; one more is an error (06 H-21). */
export const mostRedirects = 10;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What a foreign origin still gets to see of the caller's headers (06 H-53a). */
const harmless = /^(?:accept(?:-.*)?|content-(?:type|language|encoding)|range|user-agent)$/;
const aboutBody: ReadonlySet<string> = new Set(["content-type", "content-length", "transfer-encoding"]);

/**
 * Sends a request and follows redirects, with the same deadline for all hops (06 section 5.1). Across origins only harmless headers
 * go along, and no referer (06 H-53a).
 */
export async function followRedirects(
  host: HttpHost,
  request: HttpRequest,
  options: { readonly policy: "follow" | "stop"; readonly signal: AbortSignal },
): Promise<FinalResponse> {
  let hop = request;
  for (let redirected = 0; ; redirected += 1) {
    const response = await host.send(withDefaults(hop), options.signal);
    const target = options.policy === "stop" ? null : targetOf(response, hop.url);
    if (target === null) return { ...response, url: hop.url.href, redirected: redirected > 0 };
    await discard(response.body);
    if (redirected === mostRedirects) throw new HttpError("redirect", "too many redirects");
    if (target.protocol !== "http:" && target.protocol !== "https:") {
      throw new HttpError("redirect", `redirect target uses unsupported URL scheme: ${target.protocol.slice(0, -1)}`);
    }
    hop = nextHop(hop, response.status, target);
  }
}

/** Where a response leads; `null`: nowhere, it is the final one (06 H-19). */
function targetOf({ status, headers }: HttpResponse, base: URL): URL | null {
  if (!redirects.has(status)) return null;
  const location = headers.find(([name]) => name === "location")?.[1];
  const target = location === undefined ? null : URL.parse(location, base.href);
  if (target === null) return null;
  target.hash = "";
  target.username = "";
  target.password = "";
  return target;
}

/** 06 H-20, H-23, H-24. */
function nextHop(hop: HttpRequest, status: number, url: URL): HttpRequest {
  const turnsToGet =
    status === 303 ? hop.method !== "HEAD" && hop.method !== "GET" : status < 303 && hop.method === "POST";
  const isSameOrigin = url.origin === hop.url.origin;
  const kept = hop.headers.filter(
    ([name]) => name !== "referer" && !(turnsToGet && aboutBody.has(name)) && (isSameOrigin || harmless.test(name)),
  );
  const headers: HttpHeader[] = isSameOrigin ? [...kept, ["referer", hop.url.href]] : kept;
  return turnsToGet ? { method: "GET", url, headers, body: null } : { ...hop, url, headers };
}

/** What every request carries unless the caller says otherwise, in the order of the wire (06 H-14). */
function withDefaults(request: HttpRequest): HttpRequest {
  const { headers, url, body } = request;
  const isGiven = (wanted: string) => headers.some(([name]) => name === wanted);
  const own: HttpHeader[] = [];
  if (!isGiven("accept")) own.push(["accept", "*/*"]);
  if (!isGiven("host")) own.push(["host", url.host]);
  const isFramed = isGiven("content-length") || isGiven("transfer-encoding");
  if (body !== null && !isFramed) own.push(["content-length", String(body.length)]);
  return { ...request, headers: groupedHeaders([...headers, ...own]) };
}

/** The body of a redirect is nobody's: the connection is free when it is short, and closed when it is not. */
async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  let left = 64 * 1024;
  try {
    while (left > 0) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      left -= value.length;
    }
  } catch (error) {
    // A redirect counts from its head on; a body that breaks off changes nothing about it.
    if (!(error instanceof HttpError) || error.trouble === "timeout" || error.trouble === "aborted") throw error;
  } finally {
    await iterator.return?.();
  }
}
