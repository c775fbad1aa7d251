import type { FinalResponse } from "../../actors/http-exchange.ts";
import type { OpenExchange } from "../../actors/http-exchanges.ts";
import { HttpError, type HttpRequest } from "../../ports/http-host.ts";
import type { ExchangeTelemetry, RequestTelemetry } from "../../ports/telemetry.ts";

/**
 * An exchange that tells how it goes, from the moment when it is sent to the end of its body; the trace goes on at the origin
 * (06 H-55). Without telemetry it is what it would be.
 */
export function observedExchange(
  request: HttpRequest,
  telemetry: RequestTelemetry | undefined,
  open: (request: HttpRequest, signal: AbortSignal) => Promise<FinalResponse>,
): OpenExchange {
  if (telemetry === undefined) return (signal) => open(request, signal);
  return async (signal) => {
    const exchange = telemetry.exchange(request.method, request.url);
    if (request.body !== null) exchange.passed("request", request.body.length);
    try {
      const response = await open({ ...request, headers: exchange.headers(request.headers) }, signal);
      exchange.responded(response.status);
      return { ...response, body: observedBody(response.body, exchange, signal) };
    } catch (error) {
      exchange.failed(troubleOf(error, signal));
      throw error;
    }
  };
}

async function* observedBody(
  body: AsyncIterable<Uint8Array>,
  exchange: ExchangeTelemetry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let trouble: string | null = "aborted"; // unless it goes on to the end: whoever reads it may stop
  try {
    for await (const piece of body) {
      exchange.passed("response", piece.length);
      yield piece;
    }
    trouble = null;
  } catch (error) {
    trouble = troubleOf(error, signal);
    throw error;
  } finally {
    if (trouble === null) exchange.completed();
    else exchange.failed(trouble);
  }
}

/** What has ended it is the cause, however the end came up. */
function troubleOf(error: unknown, signal: AbortSignal): string {
  const cause: unknown = signal.aborted ? signal.reason : error;
  return cause instanceof HttpError ? cause.trouble : "internal";
}
