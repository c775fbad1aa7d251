import type { ChildStarter } from "../ports/process-host.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import type { CloseDelivery } from "./close-delivery.ts";

/** What a process needs from the session that owns it. */
export interface ProcessOwner {
  /** Pushes a frame to the attached connection, if any; false: it is congested, so stop producing until told. */
  push(frame: string): boolean;
  /** Is there a connection to push to? */
  readonly isHeard: boolean;
  /** Which closes have not reached the client. */
  readonly closes: CloseDelivery;
  /** The process is gone for good: its id is free. */
  forget(process: { readonly processId: string }): void;
  /** The machine itself failed; the process is beyond use. */
  fault(error: unknown): void;
}

/** What every process of one executor shares. */
export interface ProcessPorts extends ActorSystemPorts {
  readonly host: ChildStarter;
}
