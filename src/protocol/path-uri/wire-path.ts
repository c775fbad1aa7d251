import { schemeOf } from "./parse.ts";
import type { PathHost } from "./path-host.ts";
import { PathUri } from "./path-uri.ts";

/** How the path fields of requests are read. */
export interface WirePathOptions {
  /** Whether absolute native text is taken as well as URIs. Default true: June clients send it (04 P-49, P-52). */
  readonly acceptNative?: boolean;
}

/** A schema knows no host; native text is then read by POSIX rules, which name no operating system in their errors. */
const posixHost: PathHost = { os: "linux" };

/**
 * Reads a path field of a request: a URI, or an absolute native path of the receiving host (04 section 7). A `~` is never
 * expanded: it would mean a directory that the sender cannot know (04 P-52). Without a host native text is read as POSIX,
 * and errors name no operating system.
 */
export function parseWirePath(text: string, host?: PathHost, options: WirePathOptions = {}): PathUri {
  const scheme = schemeOf(text);
  if (scheme === "file" || options.acceptNative === false) return PathUri.parse(text, host);
  // With another scheme only a drive can be meant, and a drive is absolute only with its separator: else blame the scheme.
  const isDrivePath = host?.os === "windows" && /^[A-Za-z]:[\\/]/.test(text);
  if (scheme !== undefined && !isDrivePath) return PathUri.parse(text, host);
  return PathUri.fromNative(text, host ?? posixHost);
}
