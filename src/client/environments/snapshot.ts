import { type ConfigIssue, issue } from "./config-error.ts";
import { type EnvironmentSource, kindOf } from "./environment-source.ts";
import { headerIssues, idIssues, localId, timeoutIssues, urlIssues } from "./source-rules.ts";

/** An environment of a snapshot. */
export type EnvironmentEntry = EnvironmentSource & { readonly id: string };

/** Which environments there are at the start (07 E-13). */
export interface EnvironmentSnapshot {
  /** The remote ones, in order. */
  readonly environments: readonly EnvironmentEntry[];
  /** Which one is taken where none is named; `null`: none. Default: `local` where it is included, else none. */
  readonly default?: string | null | undefined;
  /** Whether this machine is one of them, as `local`. Default `true`. */
  readonly includeLocal?: boolean | undefined;
}

/** Says which environments there are, once. */
export type EnvironmentProvider = (signal?: AbortSignal) => Promise<EnvironmentSnapshot>;

/** The default of a snapshot. */
export function defaultOf({ default: id, includeLocal = true }: EnvironmentSnapshot): string | null {
  return id === undefined ? (includeLocal ? localId : null) : id;
}

/**
 * What is wrong with a snapshot as a whole (07 E-13). The URLs of its entries are not looked at: what comes from a variable fails
 * with its first connection (07 E-8), and what comes from a file has been looked at there.
 */
export function snapshotIssues(snapshot: EnvironmentSnapshot): ConfigIssue[] {
  const { environments, includeLocal = true } = snapshot;
  const ids = environments.map(({ id }) => id);
  const known = new Set(includeLocal ? [localId, ...ids] : ids);
  const fallback = defaultOf(snapshot);
  return [
    ...ids.flatMap((id, index) => [
      ...idIssues(id, `environments[${index}].id`),
      ...(ids.indexOf(id) < index
        ? [issue("duplicateId", `environments[${index}].id`, `environment id \`${id}\` is duplicated`)]
        : []),
    ]),
    ...(fallback === null || known.has(fallback)
      ? []
      : [issue("unknownDefault", "default", `default environment \`${fallback}\` is not configured`)]),
  ];
}

/** What is wrong with an environment that is added by a call: all rules of the file hold there too (07 E-15). */
export function upsertIssues(id: string, source: EnvironmentSource): ConfigIssue[] {
  return [...idIssues(id, "id"), ...sourceIssues(source)];
}

function sourceIssues(source: EnvironmentSource): ConfigIssue[] {
  const members = ["url", "provider", "dial", "program", "disabled"].filter((member) => member in source);
  if (members.length !== 1) {
    return [issue("conflict", "", "an environment must set exactly one of url, provider, dial, program or disabled")];
  }
  const kind = kindOf(source);
  if (kind === "disabled") return [];
  const timeouts = (["connectTimeoutMs", "initializeTimeoutMs"] as const).flatMap((key) => {
    const value = (source as { readonly [key in typeof key]?: number | undefined })[key];
    return value === undefined ? [] : timeoutIssues(value, key, 1);
  });
  if ("url" in source) return [...urlOfCallIssues(source.url), ...headersOf(source), ...timeouts];
  if ("program" in source && source.program.trim() === "") {
    return [issue("invalidProgram", "program", "environment program cannot be empty"), ...timeouts];
  }
  return timeouts;
}

function urlOfCallIssues(url: string): ConfigIssue[] {
  const wrong = (message: string) => [issue("invalidUrl", "url", message)];
  if (url.trim() === "") return wrong("remote environment requires an exec-server url");
  if (url.trim().toLowerCase() === "none") return wrong("remote environment cannot use disabled exec-server url");
  return urlIssues(url, "url");
}

function headersOf({ url, headers = {} }: { readonly url: string; readonly headers?: object | undefined }) {
  return Object.keys(headers).length === 0 ? [] : headerIssues(url, "headers");
}
