import type { RequestHandlers } from "../../actors/request-handlers.ts";
import type { Host } from "../../ports/host.ts";
import { HttpError, type HttpHost, type HttpRequest } from "../../ports/http-host.ts";
import { rpcError } from "../../protocol/errors.ts";
import { checkRequest } from "../http/check-request.ts";
import { followRedirects } from "../http/follow-redirects.ts";
import { observedExchange } from "../http/observed-exchange.ts";

/** Bounds of the HTTP methods. */
export interface HttpRequestOptions {
  /** The longest body that is answered whole, in bytes; a longer one must be streamed (06 H-28a). Default 11 MiB. */
  readonly maxBufferedBodyBytes?: number | undefined;
}

/** Its base64 fits one frame of 16 MiB, the most that clients of the reference take (06 H-28). */
export const defaultMaxBufferedBodyBytes = 11 * 1024 * 1024;

/** HTTP from where the executor runs (06). */
export function httpRequests(
  { http, environment }: Pick<Host, "http" | "environment">,
  options: HttpRequestOptions = {},
) {
  const limitBytes = options.maxBufferedBodyBytes ?? defaultMaxBufferedBodyBytes;
  return {
    "http/request": (params, { exchanges }, telemetry) => {
      const { requestId, streamResponse, timeoutMs, redirectPolicy: policy } = params;
      return exchanges.part.run({ requestId, isStreamed: streamResponse, timeoutMs, limitBytes }, () => {
        checkHost(http);
        const open = (request: HttpRequest, signal: AbortSignal) => followRedirects(http, request, { policy, signal });
        return observedExchange(checkRequest(params, environment()), telemetry, open);
      });
    },
    "http/request/cancel": ({ requestId }, { exchanges }) => ({ cancelled: exchanges.part.cancel(requestId) }),
  } satisfies RequestHandlers;
}

/** Not with the prefix of what may be tried again: until somebody mends the host, nothing will work (06 section 9). */
function checkHost(host: HttpHost): void {
  try {
    host.check?.();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw rpcError("internalError", `HTTP request failed: ${error.message}`, { kind: error.trouble, phase: "connect" });
  }
}
