import { redactUrl } from "../../transports/redact-url.ts";
import { type ConfigIssue, issue } from "./config-error.ts";

/** The id of this machine. */
export const localId = "local";

const longestId = 64;

/** What is wrong with an id, at most one thing (07 E-9, E-15). */
export function idIssues(id: string, path: string): ConfigIssue[] {
  const wrong = (message: string) => [issue("invalidId", path, message)];
  if (id.trim() === "") return wrong("environment id cannot be empty");
  if (id.trim() !== id) return wrong(`environment id \`${id}\` must not contain surrounding whitespace`);
  if (id === localId || id.toLowerCase() === "none") return wrong(`environment id \`${id}\` is reserved`);
  if ([...id].length > longestId) {
    return wrong(`environment id \`${id}\` cannot be longer than ${longestId} characters`);
  }
  if (!/^[A-Za-z0-9_-]+$/.test(id)) {
    return wrong(`environment id \`${id}\` must contain only ASCII letters, numbers, '-' or '_'`);
  }
  return [];
}

/** What is wrong with a URL, at most one thing (07 E-9). */
export function urlIssues(text: string, path: string): ConfigIssue[] {
  const url = text.trim();
  const wrong = (message: string) => [issue("invalidUrl", path, message)];
  if (url === "") return wrong("environment url cannot be empty");
  // What is no URL may be anything, a secret in the wrong place too: it is not repeated.
  const name = `environment url \`${redactUrl(url)}\``;
  if (!/^wss?:\/\//.test(url)) {
    const isOfCase = /^wss?:\/\//i.test(url);
    return wrong(`${name} must use ws:// or wss://${isOfCase ? ", in lower case" : ""}`);
  }
  if (/^wss?:\/\/$/.test(url)) return wrong(`${name} is invalid: HTTP format error: empty string`);
  if (!/^[\x21-\x7e]*$/.test(url) || /["<>\\^`{|}]/.test(url)) {
    return wrong(`${name} is invalid: HTTP format error: invalid uri character`);
  }
  if (!URL.canParse(url)) return wrong(`${name} is invalid: it cannot be parsed`);
  return [];
}

/** Headers are secrets as a rule, and must not go over a network in the clear (07 E-16). */
export function headerIssues(text: string, path: string): ConfigIssue[] {
  const url = text.trim();
  if (!URL.canParse(url)) return []; // told otherwise
  const { protocol, hostname } = new URL(url);
  if (protocol === "wss:" || isLoopback(hostname)) return [];
  return [issue("conflict", path, "exec-server WebSocket headers require wss:// or a loopback destination")];
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/** What is wrong with a time limit in seconds or milliseconds, at most one thing. */
export function timeoutIssues(value: number, path: string, unitMs: number): ConfigIssue[] {
  if (value < 0) {
    return [issue("outOfRange", path, `cannot convert float seconds to Duration: value is negative, \`${value}\``)];
  }
  // The longest that the reference takes, 2^64 seconds; a timer here fires after 24 days in any case.
  if (Number.isNaN(value) || (value * unitMs) / 1_000 >= 2 ** 64) {
    const text = "cannot convert float seconds to Duration: value is either too big or NaN";
    return [issue("outOfRange", path, `${text}, \`${value}\``)];
  }
  return [];
}
