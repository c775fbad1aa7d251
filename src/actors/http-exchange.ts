import type { Actor } from "xstate";
import { httpExchangeMachine } from "../machines/http-exchange-machine.ts";
import { longestTimerMs } from "../ports/clock.ts";
import { HttpError, type HttpResponse } from "../ports/http-host.ts";
import { encodeBase64 } from "../protocol/base64.ts";
import { RpcError, rpcError } from "../protocol/errors.ts";
import { encodeBodyDelta, encodeBodyEnd } from "../protocol/http.ts";
import type { WireResult } from "../protocol/methods.ts";
import { encodeProcessId as encodeText } from "../protocol/output-frame.ts";
import { type ActorSystemPorts, actorOwners, tell } from "./actor-owners.ts";
import type { Facts, WatchedEntity } from "./actor-watch.ts";
import type { SendTurns } from "./send-turns.ts";
import { StreamedOutcome } from "./streamed-outcome.ts";

/** A response after all redirects. */
export interface FinalResponse extends HttpResponse {
  readonly url: string;
  readonly redirected: boolean;
}

/** What is asked for. */
export interface ExchangeRequest {
  readonly requestId: string;
  readonly isStreamed: boolean;
  readonly timeoutMs: number | null;
  /** The longest body that is collected whole (06 H-28a). */
  readonly limitBytes: number;
}

/** What an exchange needs from the table that holds it. */
export interface HttpExchangeOwner {
  readonly turns: SendTurns;
  send(frame: string): void;
  /** The exchange is over: its id and its place are free. */
  forget(exchange: HttpExchangeActor): void;
  /** The machine itself failed. */
  fault(error: unknown): void;
}

/** The longest piece of a body in one notification (06 H-46a). */
const longestPiece = 256 * 1024;

const owners = actorOwners<HttpExchangeActor>();

const logic = httpExchangeMachine.provide({
  actions: {
    abort: ({ self }, { because }) => owners.of(self).effects.abort(because),
    release: ({ self }) => owners.of(self).effects.release(),
  },
});

/** One HTTP exchange of a connection: its machine, its deadline, and the way of its body to the peer. */
export class HttpExchangeActor implements WatchedEntity {
  /** The client's name for it. */
  readonly requestId: string;
  readonly #request: ExchangeRequest;
  readonly #owner: HttpExchangeOwner;
  readonly #actor: Actor<typeof logic>;
  readonly #abort = new AbortController();
  #phase: "headers" | "body" = "headers";
  #seq = 0;

  constructor(request: ExchangeRequest, owner: HttpExchangeOwner, ports: ActorSystemPorts) {
    const { requestId, isStreamed, timeoutMs } = request;
    this.requestId = requestId;
    this.#request = request;
    this.#owner = owner;
    // No timer waits longer than 24 days; who asks for more asks for none.
    const deadlineMs = timeoutMs !== null && timeoutMs <= longestTimerMs ? timeoutMs : null;
    this.#actor = owners.create(logic, this, {
      ...ports,
      id: `http exchange ${requestId.slice(0, 32)}`,
      input: { requestId, isStreamed, timeoutMs: deadlineMs },
      onFault: (error) => {
        owner.fault(error);
        this.effects.abort("failed");
        this.effects.release();
      },
    });
    this.#actor.start();
  }

  /** @inheritDoc */
  facts(): Facts {
    const { isStreamed, timeoutMs } = this.#request;
    return { phase: this.#phase, isStreamed, timeoutMs, pieces: this.#seq };
  }

  /** The statechart, for whoever wants to watch. */
  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /**
   * Carries the exchange out, and gives its answer. A streamed body follows it.
   * @param place resolves when it may begin
   * @param open sends the request and follows redirects; ends with the signal's reason when that is aborted
   * @throws RpcError (06 section 9)
   */
  async run(
    place: Promise<void>,
    open: (signal: AbortSignal) => Promise<FinalResponse>,
  ): Promise<WireResult<"http/request"> | StreamedOutcome> {
    const { signal } = this.#abort;
    try {
      await orAbort(place, signal);
      signal.throwIfAborted();
      tell(this.#actor, { type: "place.given" });
      const response = await open(signal);
      signal.throwIfAborted();
      this.#phase = "body";
      tell(this.#actor, { type: "head.received" });
      const head = headOf(response);
      if (this.#request.isStreamed) return new StreamedOutcome(head, () => void this.#stream(response.body));
      const bodyBase64 = encodeBase64(await this.#collect(response.body));
      tell(this.#actor, { type: "body.ended" });
      return { ...head, bodyBase64 };
    } catch (error) {
      const cause = this.#causeOf(error);
      tell(this.#actor, { type: "exchange.failed" });
      throw this.#asRpcError(cause);
    }
  }

  /** The client does not want it any more (06 H-59). */
  cancel(): void {
    tell(this.#actor, { type: "cancel" });
  }

  /** The connection that asked for it is gone (06 H-47). */
  connectionEnded(): void {
    tell(this.#actor, { type: "connection.ended" });
  }

  /** For the machine's actions only. */
  readonly effects = {
    abort: (because: "timeout" | "cancelled" | "disconnected" | "failed"): void =>
      this.#abort.abort(this.#abortError(because)),
    release: (): void => this.#owner.forget(this),
  };

  async #collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const { limitBytes } = this.#request;
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of body) {
      length += piece.length;
      if (length > limitBytes) {
        throw new HttpError("tooLarge", `response body exceeds ${limitBytes} bytes; use streamResponse`);
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  }

  async #stream(body: AsyncIterable<Uint8Array>): Promise<void> {
    const idJson = encodeText(this.requestId);
    try {
      for await (const piece of body) {
        for (let at = 0; at < piece.length; at += longestPiece) {
          await this.#turn();
          this.#seq += 1;
          this.#owner.send(encodeBodyDelta(idJson, this.#seq, piece.subarray(at, at + longestPiece)));
          this.#owner.turns.advance();
        }
      }
      this.#owner.send(encodeBodyEnd(idJson, this.#seq + 1, null));
      tell(this.#actor, { type: "body.ended" });
    } catch (error) {
      const cause = this.#causeOf(error);
      const text = cause instanceof HttpError ? `${cause.trouble}: ${cause.message}` : String(cause);
      this.#owner.send(encodeBodyEnd(idJson, this.#seq + 1, text));
      tell(this.#actor, { type: "exchange.failed" });
    }
  }

  /** Waits while the peer reads too slowly; meanwhile nothing more is read of the origin. */
  async #turn(): Promise<void> {
    const { turns } = this.#owner;
    const { signal } = this.#abort;
    signal.throwIfAborted();
    if (turns.isFree) return;
    tell(this.#actor, { type: "peer.full" });
    await turns.wait(signal);
    tell(this.#actor, { type: "peer.drained" });
  }

  /** What has ended it is the cause, however the end came up. */
  #causeOf(error: unknown): unknown {
    return this.#abort.signal.aborted ? this.#abort.signal.reason : error;
  }

  #abortError(because: "timeout" | "cancelled" | "disconnected" | "failed"): HttpError {
    if (because === "cancelled") return new HttpError("aborted", "cancelled by client");
    if (because === "disconnected") return new HttpError("aborted", "the connection is ending");
    if (because === "failed") return new HttpError("aborted", "the exchange has failed");
    return new HttpError("timeout", `deadline of ${this.#request.timeoutMs} ms exceeded waiting for ${this.#phase}`);
  }

  /** The prefixes are what clients of the reference look for (06 H-44). */
  #asRpcError(cause: unknown): unknown {
    if (cause instanceof RpcError || !(cause instanceof HttpError)) return cause;
    const { trouble, message, systemCode } = cause;
    const isOfBody = this.#phase === "body" && trouble !== "tooLarge" && trouble !== "aborted";
    const data = {
      kind: trouble,
      phase: trouble === "dns" || trouble === "connect" || trouble === "tls" ? "connect" : this.#phase,
      ...(systemCode === undefined ? {} : { code: systemCode }),
      ...(trouble === "timeout" ? { timeoutMs: this.#request.timeoutMs } : {}),
    };
    if (trouble === "tooLarge") return rpcError("internalError", `http/request ${message}`, data);
    const prefix = isOfBody ? "failed to read http/request response body: " : "http/request failed: ";
    return rpcError("internalError", prefix + message, data);
  }
}

function headOf({ status, statusText, headers, url, redirected }: FinalResponse) {
  const named = headers.map(([name, value]) => ({ name, value }));
  return { status, headers: named, bodyBase64: "", url, redirected, statusText };
}

async function orAbort(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const giveUp = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
