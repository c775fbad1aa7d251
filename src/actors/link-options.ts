import type { LinkInput } from "../machines/link-context.ts";
import type { Random } from "../ports/random.ts";
import type { LinkTelemetry } from "../ports/telemetry.ts";
import type { Transport } from "../ports/transport.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import type { Entrance } from "./entrance.ts";

/** Opens a connection to the executor; the signal is aborted when the attempt is given up. */
export type Dial = (signal: AbortSignal) => Promise<Transport>;

/** What differs from link to link. */
export interface LinkOptions extends ActorSystemPorts, LinkInput {
  readonly dial: Dial;
  /** Where it leads, in words for people, without secrets. */
  readonly place: string;
  /** How a connection becomes one of this link. */
  readonly entrance: Entrance;
  /** Acknowledge at once what an executor without extensions sends, which holds small packets back until then (06 H-52). Default true. */
  readonly quickAcks?: boolean | undefined;
  /** Makes keys for calls that may be repeated. */
  readonly random: Random;
  /** Hears of every call. */
  readonly telemetry?: LinkTelemetry | undefined;
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
  /** Hears of the answer before whatever follows it on the wire, the end of the connection included. */
  readonly onAnswer?: () => void;
}
