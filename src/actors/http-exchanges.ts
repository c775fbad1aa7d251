import { rpcError } from "../protocol/errors.ts";
import type { WireResult } from "../protocol/methods.ts";
import type { ActorSystemPorts } from "./actor-owners.ts";
import { type ExchangeRequest, type FinalResponse, HttpExchangeActor } from "./http-exchange.ts";
import { SendTurns } from "./send-turns.ts";
import type { StreamedOutcome } from "./streamed-outcome.ts";

/** Bounds of the HTTP exchanges of one connection (06 H-45a). */
export const exchangeLimits = {
  /** Exchanges that run at once. */
  running: 64,
  /** Exchanges that wait for a place; one more is refused. */
  waiting: 1_024,
} as const;

/** The way to the peer. */
export interface ExchangePeer {
  send(frame: string): void;
  /** Does the peer read fast enough? */
  hasRoom(): boolean;
  fault(error: unknown): void;
}

/** Opens an exchange with an origin; made from a request that was found to be in order. */
export type OpenExchange = (signal: AbortSignal) => Promise<FinalResponse>;

/** The HTTP exchanges of one connection; they end with it and not with its session (06 H-47). */
export class HttpExchanges {
  readonly #ports: ActorSystemPorts;
  readonly #peer: ExchangePeer;
  readonly #turns: SendTurns;
  readonly #exchanges = new Set<HttpExchangeActor>();
  /** The ids of streamed exchanges (06 H-40). */
  readonly #reserved = new Map<string, HttpExchangeActor>();
  readonly #running = new Set<HttpExchangeActor>();
  readonly #waiting = new Map<HttpExchangeActor, () => void>();
  #isOver = false;

  constructor(ports: ActorSystemPorts, peer: ExchangePeer) {
    this.#ports = ports;
    this.#peer = peer;
    this.#turns = new SendTurns(() => peer.hasRoom());
  }

  /** Exchanges that have a place or wait for one. */
  get size(): number {
    return this.#exchanges.size;
  }

  /**
   * Begins an exchange, or lets it wait for a place. The id of a streamed one is taken before anything else is looked at
   * (06 section 3), and free again however it ends.
   * @param check finds the request in order, or throws
   * @throws RpcError `invalidParams` for an id in use; what `check` throws; what the exchange fails with
   */
  async run(
    request: ExchangeRequest,
    check: () => OpenExchange,
  ): Promise<WireResult<"http/request"> | StreamedOutcome> {
    const { requestId, isStreamed } = request;
    if (this.#isOver) throw rpcError("invalidRequest", "the connection is ending");
    if (isStreamed && this.#reserved.has(requestId)) {
      throw rpcError("invalidParams", `http/request streamResponse requestId \`${requestId}\` is already active`);
    }
    const open = check();
    if (this.#waiting.size >= exchangeLimits.waiting) {
      throw rpcError("internalError", "http/request failed: too many concurrent requests", { kind: "overloaded" });
    }
    const exchange = new HttpExchangeActor(
      request,
      {
        turns: this.#turns,
        send: (frame) => {
          if (!this.#isOver) this.#peer.send(frame);
        },
        forget: (gone) => this.#forget(gone),
        fault: (error) => this.#peer.fault(error),
      },
      this.#ports,
    );
    if (exchange.snapshot.hasTag("open")) this.#add(exchange, isStreamed);
    return exchange.run(this.#place(exchange), open);
  }

  /** Ends whatever has this id; false: nothing had (06 H-59). */
  cancel(requestId: string): boolean {
    const meant = [...this.#exchanges].filter((exchange) => exchange.requestId === requestId);
    for (const exchange of meant) exchange.cancel();
    return meant.length > 0;
  }

  /** The peer can take more. */
  drained(): void {
    this.#turns.advance();
  }

  /** The connection is gone: every exchange with an origin ends at once. */
  connectionEnded(): void {
    this.#isOver = true;
    for (const exchange of [...this.#exchanges]) exchange.connectionEnded();
  }

  #add(exchange: HttpExchangeActor, isStreamed: boolean): void {
    this.#exchanges.add(exchange);
    if (isStreamed) this.#reserved.set(exchange.requestId, exchange);
  }

  #place(exchange: HttpExchangeActor): Promise<void> {
    const place = Promise.withResolvers<void>();
    if (!this.#exchanges.has(exchange)) return place.promise; // it had no time at all
    if (this.#running.size < exchangeLimits.running) {
      this.#running.add(exchange);
      place.resolve();
    } else this.#waiting.set(exchange, place.resolve);
    return place.promise;
  }

  #forget(gone: HttpExchangeActor): void {
    this.#exchanges.delete(gone);
    this.#waiting.delete(gone);
    if (this.#reserved.get(gone.requestId) === gone) this.#reserved.delete(gone.requestId);
    if (!this.#running.delete(gone) || this.#isOver) return;
    for (const [next, begin] of this.#waiting) {
      this.#waiting.delete(next);
      this.#running.add(next);
      return begin();
    }
  }
}
