import { ProctorError } from "../protocol/errors.ts";
import { EventGapError } from "./event-order.ts";

/** Numbers of events, both ends included. */
export interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/**
 * A process could not be followed any further: what it did in the meantime cannot be had any more. The executor was told to
 * terminate it (03 CL-44, D-18).
 */
export class ProcessLostError extends ProctorError {
  readonly processId: string;
  /** The number of the last event that was delivered. */
  readonly lastSeq: number;
  /** The numbers that are lost; `null` where the executor does not know the process any more, or does not say. */
  readonly lost: SeqRange | null;
  /** The process was terminated for it by this end. */
  readonly wasTerminated = true;

  constructor(processId: string, lastSeq: number, cause: Error) {
    const text = `process ${processId} cannot be followed any more after event ${lastSeq}: ${cause.message}`;
    super("processLost", text, { cause, effect: "unknown" });
    this.processId = processId;
    this.lastSeq = lastSeq;
    this.lost = cause instanceof EventGapError ? { fromSeq: cause.afterSeq + 1, toSeq: cause.beforeSeq - 1 } : null;
  }
}
