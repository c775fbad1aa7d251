import { callLimits } from "./call-table.ts";
import { DisconnectedError } from "./link-errors.ts";
import type { PendingCall } from "./pending-call.ts";

/** The calls of a link that wait for a connection, in order (03 CL-20). */
export class WaitingCalls {
  #calls: PendingCall[] = [];

  /** How many wait. */
  get size(): number {
    return this.#calls.length;
  }

  /** No further call can wait here. */
  get isFull(): boolean {
    return this.#calls.length >= callLimits.queued;
  }

  /** Lets a call wait behind all others. */
  submit(call: PendingCall): void {
    this.#calls.push(call);
  }

  /**
   * What was lost with a connection waits for the next one, before all that is called from now on (03 CL-31); what must not be
   * repeated fails.
   */
  carryOn(calls: readonly PendingCall[]): void {
    const kept = calls.filter((call) => !call.wasSent || call.isRepeatable);
    for (const call of calls) if (!kept.includes(call)) call.reject(new DisconnectedError(call.method));
    this.keep(kept);
  }

  /** What was lost with the last connection there is waits for the end of the link, which says why. */
  keep(calls: readonly PendingCall[]): void {
    this.#calls = [...calls, ...this.#calls];
  }

  /** Takes every call out, in order. */
  takeAll(): PendingCall[] {
    return this.#calls.splice(0);
  }
}
