import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { Clock } from "../ports/clock.ts";
import { ConnectError } from "./connect-error.ts";
import { MAX_MESSAGE_BYTES } from "./message-limits.ts";
import { redactUrl } from "./redact-url.ts";
import { WebSocketTransport } from "./websocket-transport.ts";

/** Default bound on TCP, TLS and upgrade together (03, `CONNECT_TIMEOUT`). */
export const CONNECT_TIMEOUT_MS = 10_000;

/** What a server says that does not want this URL, however often it is asked. */
const finalStatuses: ReadonlySet<number> = new Set([401, 403, 404, 410]);

/** How to dial. */
export interface DialWebSocketOptions {
  readonly clock: Clock;
  /** Gives up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Default {@link CONNECT_TIMEOUT_MS}. */
  readonly timeoutMs?: number | undefined;
  /** Further headers, such as `authorization`. `Origin` is refused: executors turn away who sends one (01 W-7). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The URL is the same each time: a refusal that speaks of it, 401, 403, 404 or 410, is final. Default `false`. */
  readonly isFixedUrl?: boolean | undefined;
  /** Bound on the end of the connection; default two seconds. */
  readonly closeGraceMs?: number | undefined;
}

/**
 * Opens a websocket to an executor: no compression, no subprotocol, no redirects, messages of up to 64 MiB in frames of
 * any size. Rejects with a {@link ConnectError} that names the URL without its secrets; nothing is left behind then.
 */
export async function dialWebSocket(url: string, options: DialWebSocketOptions): Promise<WebSocketTransport> {
  const { clock, signal, timeoutMs = CONNECT_TIMEOUT_MS } = options;
  signal?.throwIfAborted();
  const target = parseTarget(url);
  const name = redactUrl(url);
  const headers = checkedHeaders(options.headers ?? {}, name);

  return await new Promise((resolve, reject) => {
    const ws = begin(target, headers, name);
    const giveUp = (reason: unknown) => {
      settle();
      reject(reason);
      ws.terminate();
    };
    const onAbort = () => giveUp(signal?.reason);
    const timer = clock.setTimeout(
      () => giveUp(new ConnectError(`no connection to ${name} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const settle = () => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    signal?.addEventListener("abort", onAbort, { once: true });

    let socket: Duplex | null = null;
    ws.once("upgrade", (response) => {
      socket = response.socket;
    });
    ws.once("unexpected-response", (_request, { statusCode = 0 }) => {
      const isRetryable = options.isFixedUrl !== true || !finalStatuses.has(statusCode);
      const text = `${name} refused the upgrade with HTTP ${statusCode}`;
      giveUp(new ConnectError(text, { httpStatus: statusCode, isRetryable }));
    });
    // Not `once`: terminating an unfinished dial emits one more error, when the promise has settled already.
    const onError = (cause: Error) =>
      giveUp(new ConnectError(`cannot connect to ${name}: ${describe(cause)}`, { cause }));
    ws.on("error", onError);
    ws.once("open", () => {
      // `upgrade` always comes before `open`.
      if (socket === null) return giveUp(new ConnectError(`${name} opened without an upgrade`));
      settle();
      ws.off("error", onError);
      resolve(new WebSocketTransport(ws, socket, { peer: name, clock, closeGraceMs: options.closeGraceMs }));
    });
  });
}

function begin(target: URL, headers: Record<string, string>, name: string): WebSocket {
  try {
    return new WebSocket(target, { perMessageDeflate: false, autoPong: false, maxPayload: MAX_MESSAGE_BYTES, headers });
  } catch (cause) {
    // A header that HTTP cannot carry; Node's message names the header and not its value.
    throw new ConnectError(`cannot connect to ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function parseTarget(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : null;
  if (target === null || !["ws:", "wss:"].includes(target.protocol)) {
    throw new ConnectError(`${redactUrl(url)}: expected a ws:// or wss:// URL`);
  }
  target.hash = "";
  return target;
}

function checkedHeaders(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  for (const header of Object.keys(headers)) {
    if (header.toLowerCase() === "origin") {
      throw new ConnectError(`${name}: the Origin header cannot be sent, an executor refuses it`);
    }
  }
  return { ...headers };
}

/** A connection attempted on several addresses fails with an error of errors whose own message is empty. */
function describe(cause: Error): string {
  if (cause instanceof AggregateError) return cause.errors.map((error: Error) => error.message).join(", ");
  return cause.message;
}
