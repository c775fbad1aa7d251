import { BlockList, isIP, isIPv6 } from "node:net";
import { HttpError } from "../../ports/http-host.ts";
import { firstSet, type Variables } from "./environment-variable.ts";

/** A proxy that a request goes through. */
export interface HttpProxy {
  /** Without userinfo. */
  readonly url: URL;
  /** What the proxy gets to see as `proxy-authorization`. */
  readonly authorization: string | null;
}

/**
 * The proxy that the variables of the executor name for a URL; `null`: there is none (06 H-49). In a CGI program the variable for
 * http is the header of whoever asks, so it is not looked at there.
 * @throws HttpError for a proxy that speaks neither HTTP nor HTTPS
 */
export function proxyFor(url: URL, variables: Variables): HttpProxy | null {
  const isCgi = variables.REQUEST_METHOD !== undefined;
  if (url.protocol === "http:" && isCgi) return null;
  const own = url.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  const named = firstSet(variables, [...own, "ALL_PROXY", "all_proxy"]);
  if (named === null || isExempt(url.hostname, firstSet(variables, ["NO_PROXY", "no_proxy"])?.value ?? "")) return null;
  return parseProxy(named.name, named.value);
}

function parseProxy(variable: string, text: string): HttpProxy | null {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || url.hostname === "") return null;
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new HttpError(
      "connect",
      `the proxy in ${variable} has the scheme ${url.protocol.slice(0, -1)}, not http or https`,
    );
  }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = credentials === ":" ? null : `Basic ${Buffer.from(credentials).toString("base64")}`;
  url.username = "";
  url.password = "";
  return { url, authorization };
}

/** Addresses, blocks of addresses, domains with all below them, or `*`. */
function isExempt(hostname: string, list: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return list
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => {
      if (entry === "") return false;
      if (entry === "*" || entry === host) return true;
      if (isIP(host) !== 0) return isInBlock(host, entry);
      const domain = entry.replace(/^\./, "");
      return host === domain || host.endsWith(`.${domain}`);
    });
}

function isInBlock(address: string, block: string): boolean {
  const [, network = "", prefix = ""] = /^(.+)\/(\d{1,3})$/.exec(block) ?? [];
  const [family, longest] = isIPv6(address) ? (["ipv6", 128] as const) : (["ipv4", 32] as const);
  if (isIP(network) !== isIP(address) || Number(prefix) > longest) return false;
  const blocks = new BlockList();
  blocks.addSubnet(network, Number(prefix), family);
  return blocks.check(address, family);
}
