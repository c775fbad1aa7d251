import type { Result, ServerNotification, WireParams } from "../protocol/methods.ts";
import { exitOf, type NumberedEvent } from "./event-order.ts";
import type { LinkClosedError, LinkFailedError } from "./link-errors.ts";

/** Reads `process/read` over the connection that is being caught up. */
export type CatchUpRead = (params: WireParams<"process/read">) => Promise<Result<"process/read">>;

/** Whoever follows one process of the link. */
export interface ProcessFollower {
  /** Does anybody wait for its events? */
  readonly isAwaited: boolean;
  /** A notification about the process, in the order of the wire, which need not be the order of the numbers (01 W-44). */
  notified(notification: ProcessNotification): void;
  /**
   * Catches up after an outage, before the new connection is installed (03 CL-40). Rejects only when the connection is
   * lost again; whatever else goes wrong is this process's own trouble (03 CL-44).
   */
  catchUp(read: CatchUpRead): Promise<void>;
  /** The link is over; nothing more comes. */
  linkEnded(error: LinkFailedError | LinkClosedError): void;
}

/** A notification that is about one process. */
export type ProcessNotification = Extract<ServerNotification, { readonly method: `process/${string}` }>;

/** Is it for whoever follows a process? */
export function isAboutProcess(notification: ServerNotification): notification is ProcessNotification {
  return notification.method.startsWith("process/");
}

/** The numbered event that a notification tells of. */
export function eventOf({ method, params }: ProcessNotification): NumberedEvent {
  switch (method) {
    case "process/output":
      return { type: "output", seq: params.seq, stream: params.stream, bytes: params.chunk };
    case "process/exited":
      return { type: "exited", seq: params.seq, ...exitOf(params.exitCode, params) };
    case "process/closed":
      return { type: "closed", seq: params.seq };
  }
}
