import { PathUriError } from "./path-uri-error.ts";

/**
 * A label that is not ASCII. `URL` takes pure-ASCII hosts on trust, broken punycode included; beside such a label it
 * validates every other one. It also keeps an all-number host from being read as an IPv4 address.
 */
const unicodeLabel = "é";

/**
 * The canonical form of the host of a `file` URI: IDNA, IPv4 in dotted and IPv6 in compressed form; `localhost` is no host
 * and gives the empty string (04 P-6, P-7). Throws a {@link PathUriError}.
 */
export function canonicalHost(authority: string): string {
  if (authority === "") return "";
  if (authority.startsWith("[")) return ipv6(authority);
  // `URL` would read these as credentials, a port or an address; in a `file` host they are forbidden characters.
  if (/[@:[\]]/.test(authority) || hostOf(`${authority}.${unicodeLabel}`) === undefined) {
    throw badHost("invalid international domain name");
  }
  const host = hostOf(authority);
  if (host === "localhost") return "";
  if (host !== undefined && isCanonical(host)) return host;
  if (host !== undefined) throw badHost("invalid international domain name");
  // A valid domain that is no valid host: nothing is left of it (a soft hyphen, say), or it ends in a number.
  const isEmpty = hostOf(`${authority}.g`) === ".g";
  throw badHost(isEmpty ? "empty host" : "invalid IPv4 address");
}

/** `URL` writes a few hosts that it, or a stricter reader, would not read back; what is no fixed point is no host (04 P-19). */
function isCanonical(host: string): boolean {
  return hostOf(host) === host && hostOf(`${host}.${unicodeLabel}`) !== undefined;
}

function ipv6(authority: string): string {
  const host = /^\[[0-9A-Fa-f:.]*\]$/.test(authority) ? hostOf(authority) : undefined;
  if (host === undefined) throw badHost("invalid IPv6 address");
  return host;
}

function hostOf(authority: string): string | undefined {
  return URL.parse(`http://${authority}/`)?.hostname;
}

function badHost(fault: string): PathUriError {
  return new PathUriError("badHost", `invalid URI: ${fault}`);
}
