import type { WireParams } from "../protocol/methods.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import type { GapPolicy } from "./event-order.ts";

/** What a handle needs besides its link. */
export interface RemoteProcessPorts extends ActorSystemPorts {
  onFault(error: unknown): void;
}

/** What `process/start` takes, but for the id. */
export type StartParams = Omit<WireParams<"process/start">, "processId">;

/** How a handle behaves. */
export interface RemoteProcessOptions {
  /** Gives up the start. */
  readonly signal: AbortSignal | undefined;
  /** May a start that never happened be made again without the caller's word? */
  readonly mayRepeatStart: boolean;
  readonly onGap: GapPolicy;
}
