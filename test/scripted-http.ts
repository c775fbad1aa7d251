import { BodyQueue } from "../src/executor/http/body-queue.ts";
import type { HttpHeader, HttpHost, HttpRequest, HttpResponse } from "../src/ports/http-host.ts";

/** An exchange whose origin is played by the test. */
export class ScriptedExchange {
  readonly request: HttpRequest;
  readonly response: Promise<HttpResponse>;
  /** Why the executor ended it; undefined while it has not. */
  aborted: unknown;
  /** Whether the origin is held back. */
  paused = false;
  /** Whether the reader had enough. */
  abandoned = false;
  readonly #head = Promise.withResolvers<HttpResponse>();
  readonly #body = new BodyQueue({
    pause: () => {
      this.paused = true;
    },
    resume: () => {
      this.paused = false;
    },
    abandon: () => {
      this.abandoned = true;
    },
  });

  constructor(request: HttpRequest, signal: AbortSignal) {
    this.request = request;
    this.response = this.#head.promise;
    const abort = () => {
      this.aborted = signal.reason;
      this.#body.abort(signal.reason);
      this.#head.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
  }

  /** Sends the head. */
  respond(status = 200, headers: readonly HttpHeader[] = []): void {
    this.#head.resolve({ status, statusText: "", headers, body: this.#body });
  }

  /** Sends a piece of the body. */
  send(piece: string | Uint8Array): void {
    this.#body.push(Buffer.from(piece));
  }

  /** Ends the body. */
  end(): void {
    this.#body.finish();
  }

  /** Fails before the head, or in the body. */
  fail(error: unknown): void {
    this.#head.reject(error);
    this.#body.finish(error);
  }
}

/** A network whose origins are all played by the test. */
export class ScriptedHttp implements HttpHost {
  /** Every exchange that was ever begun, in order. */
  readonly exchanges: ScriptedExchange[] = [];

  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const exchange = new ScriptedExchange(request, signal);
    this.exchanges.push(exchange);
    return exchange.response;
  }

  /** The exchange begun last. */
  get last(): ScriptedExchange {
    const exchange = this.exchanges.at(-1);
    if (exchange === undefined) throw new Error("no exchange was begun");
    return exchange;
  }
}
