import type { TraceContext } from "../protocol/trace-context.ts";

/** What is known of a call before it is made. */
export interface CallRequest {
  readonly method: string;
  readonly params: unknown;
  /** Goes before others: it frees something. */
  readonly cleanUp: boolean;
  /** May be sent again when the connection is lost before the answer: its effect is the same (03 CL-22). */
  readonly isRepeatable: boolean;
  readonly signal: AbortSignal | undefined;
  /** Hears of the answer before whatever follows it on the wire. */
  readonly onAnswer?: (() => void) | undefined;
  /** The trace that it belongs to. */
  readonly trace?: TraceContext | null | undefined;
}

/**
 * One call of a link, from its making to its one outcome. It outlives connections: what was lost unanswered moves on to the
 * next one, in the order of the calls.
 */
export class PendingCall {
  readonly method: string;
  readonly params: unknown;
  readonly cleanUp: boolean;
  readonly isRepeatable: boolean;
  readonly trace: TraceContext | null;
  /** The raw result. */
  readonly answer: Promise<unknown>;
  /** Has it ever been sent? Then its effect is unknown until the answer. */
  wasSent = false;
  readonly #settle = Promise.withResolvers<unknown>();
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  readonly #onAnswer: (() => void) | undefined;
  #isSettled = false;

  constructor({ method, params, cleanUp, isRepeatable, signal, onAnswer, trace = null }: CallRequest) {
    this.method = method;
    this.params = params;
    this.cleanUp = cleanUp;
    this.isRepeatable = isRepeatable;
    this.trace = trace;
    this.answer = this.#settle.promise;
    this.#signal = signal;
    this.#onAnswer = onAnswer;
    this.#abort = () => this.reject(signal?.reason);
    if (signal?.aborted === true) this.#abort();
    else signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Answered, failed, or given up by its caller: it need not be sent any more. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(result: unknown): void {
    if (!this.#isSettled) this.#onAnswer?.();
    this.#finish();
    this.#settle.resolve(result);
  }

  reject(error: unknown): void {
    this.#finish();
    this.#settle.reject(error);
  }

  #finish(): void {
    this.#isSettled = true;
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
