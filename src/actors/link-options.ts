import type { Random } from "../ports/random.ts";
import type { Transport } from "../ports/transport.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import type { Entrance } from "./entrance.ts";

/** Opens a connection to the executor; the signal is aborted when the attempt is given up. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;

/** What differs from link to link. */
export interface LinkOptions extends ActorSystemPorts {
  readonly dial: Dial;
  /** Where it leads, in words for people, without secrets. */
  readonly place: string;
  /** Can `dial` be used again when a connection is lost? */
  readonly canReconnect: boolean;
  /** The longest from the loss of a connection to giving up, in milliseconds; shorter where a session does not live so long. */
  readonly longestRecoveryMs: number;
  /** How a connection becomes one of this link. */
  readonly entrance: Entrance;
  /** Makes keys for calls that may be repeated. */
  readonly random: Random;
  /** A machine failed. */
  onFault(error: unknown): void;
}

/** How one call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Goes before others: it frees something. */
  readonly cleanUp?: boolean;
  /** May be sent again when the connection is lost before the answer: its effect is the same (03 CL-22). */
  readonly isRepeatable?: boolean;
}
