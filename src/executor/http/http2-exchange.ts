import { type ClientHttp2Session, type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { HttpError, type HttpRequest, type HttpResponse } from "../../ports/http-host.ts";
import { BodyQueue } from "./body-queue.ts";
import { gatherOnNode } from "./gather-on-node.ts";
import { httpFailure } from "./http-failure.ts";
import { responseHeaders } from "./response-head.ts";
import { idempotent, StaleConnectionError } from "./stale-connection-error.ts";

/** What HTTP/2 has no place for: it says these things in its own way. */
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/**
 * One exchange over a session of HTTP/2.
 * @param isReused the session has served another exchange before, so the origin may have gone away meanwhile
 * @throws HttpError; StaleConnectionError when it may be made again
 */
export function http2Exchange(
  request: HttpRequest,
  session: ClientHttp2Session,
  isReused: boolean,
  signal: AbortSignal,
): Promise<HttpResponse> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const outcome = Promise.withResolvers<HttpResponse>();
  let queue: BodyQueue | null = null;
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(headersOf(request), { endStream: request.body === null });
  } catch (error) {
    return Promise.reject(
      isReused && (session.closed || session.destroyed) ? new StaleConnectionError() : httpFailure(error),
    );
  }
  const abort = () => {
    queue?.abort(signal.reason);
    outcome.reject(signal.reason);
    stream.close(constants.NGHTTP2_CANCEL);
  };
  signal.addEventListener("abort", abort, { once: true });

  const fail = (error: unknown) => {
    const failure = httpFailure(error);
    // The origin has not looked at a stream that it refuses; otherwise only a repetition that does no harm is one.
    const isUntouched = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    const isStale = isReused && (isUntouched || idempotent.has(request.method));
    if (queue !== null) queue.finish(failure);
    else outcome.reject(isStale ? new StaleConnectionError() : failure);
  };
  stream.on("error", fail);
  stream.on("response", (head, _flags, raw?: readonly string[]) => {
    const source = {
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      abandon: () => stream.close(constants.NGHTTP2_CANCEL),
    };
    queue = new BodyQueue(source, gatherOnNode);
    const status = Number(head[constants.HTTP2_HEADER_STATUS] ?? 0);
    const headers = responseHeaders(raw ?? []).filter(([name]) => !name.startsWith(":"));
    stream.on("data", (piece: Buffer) => queue?.push(piece));
    stream.on("end", () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR) queue?.finish();
    });
    outcome.resolve({ status, statusText: "", headers, body: queue });
  });
  stream.on("close", () => {
    signal.removeEventListener("abort", abort);
    fail(new HttpError("reset", `the origin closed the stream with code ${stream.rstCode}`)); // nothing, if it was whole
  });
  if (request.body !== null) stream.end(request.body);
  return outcome.promise;
}

function headersOf({ method, url, headers }: HttpRequest): OutgoingHttpHeaders {
  const own = headers.filter(([name, value]) => !ofConnection.has(name) && !(name === "host" && value === url.host));
  const grouped = Map.groupBy(own, ([name]) => name);
  return {
    [constants.HTTP2_HEADER_METHOD]: method,
    [constants.HTTP2_HEADER_SCHEME]: "https",
    [constants.HTTP2_HEADER_AUTHORITY]: url.host,
    [constants.HTTP2_HEADER_PATH]: url.pathname + url.search,
    ...Object.fromEntries(
      [...grouped].map(([name, entries]) => {
        const values = entries.map(([, value]) => value);
        return [name, values.length === 1 ? values[0] : values];
      }),
    ),
  };
}
