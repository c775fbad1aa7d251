import type { RequestHandlers } from "../../actors/request-handlers.ts";
import type { HttpHost } from "../../ports/http-host.ts";
import { checkRequest } from "../http/check-request.ts";
import { followRedirects } from "../http/follow-redirects.ts";

/** Bounds of the HTTP methods. */
export interface HttpRequestOptions {
  /** The longest body that is answered whole, in bytes; a longer one must be streamed (06 H-28a). Default 11 MiB. */
  readonly maxBufferedBodyBytes?: number | undefined;
}

/** Its base64 fits one frame of 16 MiB, the most that clients of the reference take (06 H-28). */
export const defaultMaxBufferedBodyBytes = 11 * 1024 * 1024;

/** HTTP from where the executor runs (06). */
export function httpRequests(host: HttpHost, options: HttpRequestOptions = {}) {
  const limitBytes = options.maxBufferedBodyBytes ?? defaultMaxBufferedBodyBytes;
  return {
    "http/request": (params, { exchanges }) => {
      const { requestId, streamResponse, timeoutMs, redirectPolicy: policy } = params;
      return exchanges.part.run({ requestId, isStreamed: streamResponse, timeoutMs, limitBytes }, () => {
        const request = checkRequest(params);
        return (signal) => followRedirects(host, request, { policy, signal });
      });
    },
    "http/request/cancel": ({ requestId }, { exchanges }) => ({ cancelled: exchanges.part.cancel(requestId) }),
  } satisfies RequestHandlers;
}
