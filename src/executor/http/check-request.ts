import type { HttpHeader, HttpRequest } from "../../ports/http-host.ts";
import { type RpcError, rpcError } from "../../protocol/errors.ts";
import type { Params } from "../../protocol/methods.ts";
import type { Variables } from "./environment-variable.ts";

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Characters that are bytes: tab, and everything but controls (06 H-12). */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The request as it leaves, or why it cannot: the first fault in the order of the wire wins (06 section 3).
 * @param variables the executor's, whose contents some headers ask for (06 H-57)
 * @throws RpcError `invalidParams`
 */
export function checkRequest(params: Params<"http/request">, variables: Variables): HttpRequest {
  const { method } = params;
  if (!token.test(method)) throw invalid("http/request method is invalid: invalid HTTP method");
  const url = parseUrl(params.url);
  const given = params.headers.map(({ name, value, valueEnvVar }): HttpHeader => {
    if (!token.test(name)) throw invalid("http/request header name is invalid: invalid HTTP header name");
    const rest = valueEnvVar === null ? "" : variables[valueEnvVar];
    if (rest === undefined) {
      throw invalid(`http/request header ${name} requires executor environment variable ${valueEnvVar}`);
    }
    const octets = Buffer.from(value + rest).toString("latin1");
    if (!fieldValue.test(octets)) {
      throw invalid(`http/request header value is invalid for ${name}: failed to parse header value`);
    }
    return [name.toLowerCase(), octets];
  });
  const body = params.bodyBase64 === null || params.bodyBase64.length === 0 ? null : params.bodyBase64;
  const authorization = basicAuthorization(url);
  const isNamed = given.some(([name]) => name === "authorization");
  const headers = authorization === null || isNamed ? given : [["authorization", authorization] as const, ...given];
  url.username = "";
  url.password = "";
  url.hash = "";
  return { method, url, headers, body };
}

function invalid(message: string): RpcError {
  return rpcError("invalidParams", message);
}

/** 06 H-8, H-9. */
function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw invalid(`http/request url is invalid: ${urlFault(text)}`);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw invalid(`http/request only supports http and https URLs, got ${url.protocol.slice(0, -1)}`);
}

function urlFault(text: string): string {
  if (!/^\s*[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) return "relative URL without a base";
  if (/^\s*https?:[/\\]*(?:[?#]|\s*$)/i.test(text)) return "empty host";
  if (/^\s*https?:[/\\]*[^/\\?#]*:(?:\d{5,}|[^\]/\\?#:]*[^\d\]/\\?#:][^\]/\\?#:]*)(?:[/\\?#]|\s*$)/i.test(text)) {
    return "invalid port number";
  }
  return "invalid host";
}

/** 06 H-10. */
function basicAuthorization({ username, password }: URL): string | null {
  if (username === "" && password === "") return null;
  const credentials = Buffer.concat([unescaped(username), Buffer.from(":"), unescaped(password)]);
  return `Basic ${credentials.toString("base64")}`;
}

/** An escape that is none stays as it is. */
function unescaped(text: string): Buffer {
  const octets = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, "latin1");
}
