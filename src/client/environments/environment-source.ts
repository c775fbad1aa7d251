import type { Dial } from "../../actors/link-options.ts";
import type { ConnectTarget } from "../connect.ts";
import type { ConnectProvider } from "../url-provider.ts";

/** What an environment may be asked to do; what is not said is `true`. */
export interface EnvironmentCapabilities {
  /** Run processes. */
  readonly exec: boolean;
  /** Read and change files. */
  readonly filesystem: boolean;
  /** Make HTTP requests from its network. */
  readonly http: boolean;
}

interface SourceOptions {
  /** Bound on the handshake of each connection, in milliseconds. Default 10 s, later 5 s. */
  readonly initializeTimeoutMs?: number | undefined;
  /** What it may be asked to do; the rest is refused before anything is sent (07 E-2). */
  readonly capabilities?: Partial<EnvironmentCapabilities> | undefined;
}

interface DialledOptions extends SourceOptions {
  /** Bound on TCP, TLS and upgrade of each connection, in milliseconds (07 E-17). Default 10 s, later 4 s. */
  readonly connectTimeoutMs?: number | undefined;
}

/** An executor at a websocket URL. Connects as soon as it is registered. */
export interface WebSocketSource extends DialledOptions {
  readonly url: string;
  /** Further headers of every upgrade; only for `wss:` or loopback, since they are secrets as a rule. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An executor whose URL is asked for anew before each dial, since it is signed and expires. Connects as soon as it is registered. */
export interface ProviderSource extends DialledOptions {
  readonly provider: ConnectProvider;
}

/** An executor that is reached in a way of your own. Connects as soon as it is registered. */
export interface DialSource extends DialledOptions {
  /** Opens a connection, each time it is called. */
  readonly dial: Dial;
}

/** A program that speaks the protocol on its stdin and stdout. Started by the first use, and never again by itself. */
export interface ProgramSource extends SourceOptions {
  readonly program: string;
  readonly args?: readonly string[] | undefined;
  /** Laid over the environment of this program. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where it is started. Default: the present directory. */
  readonly cwd?: string | undefined;
}

/** A place that has a name and must not be used: whatever is asked of it is refused, with this reason if there is one. */
export interface DisabledSource {
  readonly disabled: true;
}

/** Where a remote environment is, and how it is reached. */
export type EnvironmentSource = WebSocketSource | ProviderSource | DialSource | ProgramSource | DisabledSource;

/** The kinds of environments. */
export type EnvironmentKind = "local" | "websocket" | "provider" | "custom" | "stdio" | "disabled";

/** The kind of a source. */
export function kindOf(source: EnvironmentSource): Exclude<EnvironmentKind, "local"> {
  if ("url" in source) return "websocket";
  if ("provider" in source) return "provider";
  if ("dial" in source) return "custom";
  return "program" in source ? "stdio" : "disabled";
}

/** How a source is connected to. */
export function targetOf(source: Exclude<EnvironmentSource, DisabledSource>): ConnectTarget {
  if ("url" in source) return source.url.trim();
  if ("provider" in source) return { provider: source.provider };
  if ("dial" in source) return { dial: source.dial };
  const { program, args = [], env, cwd } = source;
  return {
    command: [program.trim(), ...args],
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(cwd === undefined ? {} : { cwd }),
  };
}
