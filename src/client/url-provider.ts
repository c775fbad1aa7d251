import type { Dial } from "../actors/link-options.ts";
import type { Clock } from "../ports/clock.ts";
import { ConnectError } from "../transports/connect-error.ts";
import { dialWebSocket } from "../transports/dial-websocket.ts";
import { redactText } from "../transports/redact-url.ts";

/** What one dial is for, as the provider of its URL is told. */
export interface ConnectAttempt {
  /** `start`: the first of all; `resume`: the connection was lost, or one more is needed; `reopen`: the session was lost, and a fresh one begins. */
  readonly purpose: "start" | "resume" | "reopen";
  /** Ordinal of the dial on its link, from 1. */
  readonly number: number;
  /** The URL that was given just before was refused with HTTP 401: this is the one retry of a first connection (07 E-32). */
  readonly unauthorized: boolean;
  /** The attempt is given up. */
  readonly signal: AbortSignal;
}

/** Where one dial goes; used for that dial only (07 E-31). */
export interface ProvidedUrl {
  /** A websocket URL; what may be secret in it appears in no error, log or state. */
  readonly url: string;
  /** Further headers of the upgrade, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Gives the URL for one dial, anew each time: for signed URLs, which expire. */
export type ConnectProvider = (attempt: ConnectAttempt) => Promise<ProvidedUrl> | ProvidedUrl;

/** How the URLs of a provider are dialled. */
export interface ProvidedDialOptions {
  readonly clock: Clock;
  /** What the first connection is for. */
  readonly purpose: "start" | "reopen";
  /** Bound on TCP, TLS and upgrade of one dial. */
  readonly timeoutMs: number | undefined;
}

/**
 * Dials a fresh URL each time. A first connection that is refused with HTTP 401 is dialled once more, with another URL; a second
 * refusal, and any other, is final there. Later, while a link recovers, each attempt gets a URL of its own anyway (03 CL-4).
 */
export function dialProvided(provider: ConnectProvider, { clock, purpose, timeoutMs }: ProvidedDialOptions): Dial {
  let number = 0;
  let hasConnected = false;
  const dial = async (signal: AbortSignal, unauthorized: boolean) => {
    number += 1;
    const attempt = { purpose: hasConnected ? ("resume" as const) : purpose, number, unauthorized, signal };
    const { url, headers } = await provided(provider, attempt);
    signal.throwIfAborted();
    return dialWebSocket(url, { clock, signal, headers, timeoutMs });
  };
  return async (signal) => {
    try {
      const transport = await dial(signal, false).catch((error: unknown) => {
        const mayRefresh = !hasConnected && error instanceof ConnectError && error.httpStatus === 401;
        if (!mayRefresh) throw error;
        return dial(signal, true);
      });
      hasConnected = true;
      return transport;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  };
}

async function provided(provider: ConnectProvider, attempt: ConnectAttempt): Promise<ProvidedUrl> {
  try {
    return await provider(attempt);
  } catch (error) {
    attempt.signal.throwIfAborted();
    // Without its cause: the provider's own error can quote what it was about to give.
    const why = redactText(error instanceof Error ? error.message : String(error));
    throw new ConnectError(`no URL was given to connect to: ${why}`);
  }
}
