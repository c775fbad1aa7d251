import type { EnvironmentInfo } from "../../protocol/environment.ts";
import type { RemoteFetch } from "../remote-fetch.ts";
import type { RemoteProcess } from "../remote-process.ts";
import type { StartOptions } from "../start-options.ts";
import { DeferredFiles } from "./deferred-files.ts";
import type { Files, InfoOptions, Services } from "./services.ts";

/** What a place may be asked to do, by kind. */
export type Capability = "exec" | "filesystem" | "http" | "info";

/** Gives the services, once it is known where they are; the signal is that of the call that waits. */
export type Reach = (capability: Capability, signal: AbortSignal | undefined) => Promise<Services>;

/** Services of a place that is reached with each call anew: over the link that there is, or the next one. */
export class DeferredServices implements Services {
  readonly files: Files;
  readonly fetch: RemoteFetch;
  readonly #reach: Reach;

  constructor(reach: Reach) {
    this.#reach = reach;
    this.files = new DeferredFiles(async (signal) => (await reach("filesystem", signal)).files);
    this.fetch = async (input, init) => {
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      return (await reached(reach, signal ?? undefined)).fetch(input, init);
    };
  }

  async start(argv: readonly string[], options: StartOptions = {}): Promise<RemoteProcess> {
    return (await this.#reach("exec", options.signal)).start(argv, options);
  }

  async environmentInfo(options: InfoOptions = {}): Promise<EnvironmentInfo> {
    return (await this.#reach("info", options.signal)).environmentInfo(options);
  }
}

/** What does not come about is a TypeError with its cause, as the platform's fetch has it. */
async function reached(reach: Reach, signal: AbortSignal | undefined): Promise<Services> {
  try {
    return await reach("http", signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw new TypeError("fetch failed", { cause: error });
  }
}
