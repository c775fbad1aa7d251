import { encodeRequest, type RequestId } from "../protocol/envelope.ts";
import { LARGEST_SENT_BYTES, oversizeOf } from "../transports/message-limits.ts";
import { TooLargeError } from "./link-errors.ts";
import type { PendingCall } from "./pending-call.ts";

/** Bounds of the calls of one link (03 CL-80, I-27). */
export const callLimits = {
  /** Calls without an answer at once; the reference hangs for good a little above 128 (01 B-2). */
  inFlight: 64,
  /** Places among these that only clean-up calls take: whatever all other calls wait for, a process can be terminated. */
  keptForCleanUp: 8,
  /** Calls that wait for a place. */
  queued: 1_024,
} as const;

/**
 * The calls of one connection: a window of those in flight, and a queue in the order of the calls. Clean-up calls (terminate,
 * close) go first, so that a busy link can still be tidied. A caller that gives up is told at once; its call, when it is in
 * flight, keeps its place until the executor answers, since the executor is still busy with it.
 */
export class CallTable {
  /** Has the executor offered to take the trace of a call (07 E-45)? The reference must not see one. */
  takesTraces = false;
  readonly #send: (text: string) => void;
  readonly #inFlight = new Map<RequestId, PendingCall>();
  #queue: PendingCall[] = [];
  #nextId = 1;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** Calls without an answer. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** No further call can wait here. */
  get isFull(): boolean {
    if (this.#queue.length >= callLimits.queued) this.#queue = this.#queue.filter((call) => !call.isSettled);
    return this.#queue.length >= callLimits.queued;
  }

  /** Sends a call, or lets it wait for a place: behind its like, clean-up calls before all others. */
  submit(call: PendingCall): void {
    const firstOther = call.cleanUp ? this.#queue.findIndex((other) => !other.cleanUp) : -1;
    if (firstOther >= 0) this.#queue.splice(firstOther, 0, call);
    else this.#queue.push(call);
    this.#advance();
  }

  /** An answer came; one that nobody waits for changes nothing. */
  settle(id: RequestId, outcome: { readonly result: unknown } | { readonly error: unknown }): void {
    const call = this.#inFlight.get(id);
    if (call === undefined) return;
    this.#inFlight.delete(id);
    if ("error" in outcome) call.reject(outcome.error);
    else call.resolve(outcome.result);
    this.#advance();
  }

  /** Takes every call out that has no outcome, in the order of the calls; they are somebody else's from now on. */
  takeAll(): PendingCall[] {
    const calls = [...this.#inFlight.values(), ...this.#queue].filter((call) => !call.isSettled);
    this.#inFlight.clear();
    this.#queue = [];
    return calls;
  }

  #transmit(call: PendingCall): void {
    const id = this.#nextId++;
    let request: string;
    try {
      request = encodeRequest(id, call.method, call.params, this.takesTraces ? call.trace : null);
    } catch (error) {
      return call.reject(error); // params that JSON cannot carry are the fault of their own call
    }
    const oversize = oversizeOf(request);
    if (oversize !== null) return call.reject(new TooLargeError(call.method, oversize, LARGEST_SENT_BYTES));
    call.wasSent = true;
    this.#inFlight.set(id, call);
    this.#send(request);
  }

  #advance(): void {
    for (let call = this.#queue[0]; call !== undefined; call = this.#queue[0]) {
      const places = callLimits.inFlight - (call.cleanUp ? 0 : callLimits.keptForCleanUp);
      if (this.#inFlight.size >= places) return;
      this.#queue.shift();
      if (!call.isSettled) this.#transmit(call);
    }
  }
}
