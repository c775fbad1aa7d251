import type { EnvironmentInfo } from "../../protocol/environment.ts";
import type { RemoteFetch } from "../remote-fetch.ts";
import type { RemoteFiles } from "../remote-files.ts";
import type { RemoteProcess } from "../remote-process.ts";
import type { StartOptions } from "../start-options.ts";

/**
 * What can be done in a place, wherever that is: processes, files, HTTP and facts (07 section 2). A link is one, an environment
 * is one, and so is its passive view; who is written against this does not know where it runs.
 */
export interface Services {
  /** Starts a program. @see Link.start */
  start(argv: readonly string[], options?: StartOptions): Promise<RemoteProcess>;
  /** The files there. */
  readonly files: Files;
  /** A WHATWG fetch that leaves from the network there; needs no `this`. */
  readonly fetch: RemoteFetch;
  /** What the place says of itself. */
  environmentInfo(options?: InfoOptions): Promise<EnvironmentInfo>;
}

/** Every operation on files. */
export type Files = Pick<RemoteFiles, keyof RemoteFiles>;

/** How long to wait for facts. */
export interface InfoOptions {
  readonly signal?: AbortSignal;
  /** Bound on the answer, in milliseconds. Default: none of a link, 30 s of an environment (07 E-39). */
  readonly timeoutMs?: number;
}
