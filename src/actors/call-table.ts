import { encodeRequest, type RequestId } from "../protocol/envelope.ts";
import { TooManyCallsError } from "./link-errors.ts";

/** Bounds of the calls of one link (03 CL-80, I-27). */
export const callLimits = {
  /** Calls without an answer at once; the reference hangs for good a little above 128 (01 B-2). */
  inFlight: 64,
  /** Places among these that only clean-up calls take: whatever all other calls wait for, a process can be terminated. */
  keptForCleanUp: 8,
  /** Calls that wait for a place. */
  queued: 1_024,
} as const;

interface Call {
  readonly method: string;
  readonly params: unknown;
  readonly cleanUp: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The calls of one link: a window of those in flight, and a queue in the order of the calls. Clean-up calls (terminate,
 * close) go first, so that a busy link can still be tidied.
 */
export class CallTable {
  readonly #send: (text: string) => void;
  readonly #inFlight = new Map<RequestId, Call>();
  readonly #queue: Call[] = [];
  #nextId = 1;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** Calls without an answer. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /**
   * Sends a request and resolves with the raw result. A caller that gives up gets the signal's reason at once; a call in
   * flight keeps its place until the executor answers, since the executor is still busy with it.
   */
  call(
    method: string,
    params: unknown,
    options: { signal?: AbortSignal | undefined; cleanUp?: boolean } = {},
  ): Promise<unknown> {
    const { signal, cleanUp = false } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (!cleanUp && this.#queue.length >= callLimits.queued)
      return Promise.reject(new TooManyCallsError(callLimits.queued));
    return new Promise((resolve, reject) => {
      const abort = () => {
        const index = this.#queue.indexOf(call);
        if (index >= 0) this.#queue.splice(index, 1);
        reject(signal?.reason);
      };
      const call: Call = {
        method,
        params,
        cleanUp,
        resolve: (result) => {
          signal?.removeEventListener("abort", abort);
          resolve(result);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", abort);
          reject(error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (cleanUp) this.#queue.unshift(call);
      else this.#queue.push(call);
      this.#advance();
    });
  }

  /** An answer came; false: nobody asked. */
  settle(id: RequestId, outcome: { readonly result: unknown } | { readonly error: unknown }): boolean {
    const call = this.#inFlight.get(id);
    if (call === undefined) return false;
    this.#inFlight.delete(id);
    if ("error" in outcome) call.reject(outcome.error);
    else call.resolve(outcome.result);
    this.#advance();
    return true;
  }

  /** Fails everything that is pending: what was sent, and what was not. */
  fail(sent: unknown, unsent: unknown): void {
    const calls = [...this.#inFlight.values()];
    const queued = this.#queue.splice(0);
    this.#inFlight.clear();
    for (const call of calls) call.reject(sent);
    for (const call of queued) call.reject(unsent);
  }

  #advance(): void {
    for (let call = this.#queue[0]; call !== undefined; call = this.#queue[0]) {
      const places = callLimits.inFlight - (call.cleanUp ? 0 : callLimits.keptForCleanUp);
      if (this.#inFlight.size >= places) return;
      this.#queue.shift();
      const id = this.#nextId++;
      this.#inFlight.set(id, call);
      this.#send(encodeRequest(id, call.method, call.params));
    }
  }
}
