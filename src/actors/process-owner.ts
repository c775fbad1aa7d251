import type { ChildStarter } from "../ports/process-host.ts";
import type { MessageMemory } from "../protocol/encoded-answer.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import type { CloseDelivery } from "./close-delivery.ts";
import type { PrintedChunk } from "./printed-chunk.ts";

/** What a process needs from the session that owns it. */
export interface ProcessOwner<Process> {
  /** Gives output of a process to whoever listens; false: the attached connection is congested, so stop producing until told. */
  publish(process: Process, chunk: PrintedChunk): boolean;
  /** Tells whoever listens of an event that is no output; it is never left out. */
  tell(frame: string): void;
  /** The OS has started a program: gives the ordinal of this process, the next one. */
  takeOrdinal(): number;
  /** Tells observers of a process that has started. */
  started(process: Process): void;
  /** Is a connection attached, so that what is told reaches the client? */
  readonly isHeard: boolean;
  /** Which closes have not reached the client. */
  readonly closes: CloseDelivery;
  /** The process is gone for good: its id is free. */
  forget(process: Process): void;
  /** The machine itself failed; the process is beyond use. */
  fault(error: unknown): void;
}

/** What every process of one executor shares. */
export interface ProcessPorts extends ActorSystemPorts {
  readonly host: ChildStarter;
  /** Where long messages are put together. */
  readonly memory: MessageMemory;
}
