import { type ClientHttp2Session, connect } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { HttpRequest, HttpResponse } from "../../ports/http-host.ts";
import { dialOrigin } from "./dial-origin.ts";
import { http1Exchange } from "./http1-exchange.ts";
import { Http2Chosen } from "./http2-chosen.ts";
import { http2Exchange } from "./http2-exchange.ts";
import type { HttpProxy } from "./proxy-choice.ts";
import { type DialTls, SecureAgent } from "./secure-agent.ts";
import { StaleConnectionError } from "./stale-connection-error.ts";
import type { Trust } from "./trust.ts";

/** Bytes of a body that an origin may send ahead of its reader, in each stream of HTTP/2. */
const windowBytes = 1024 * 1024;

/** A session of HTTP/2 that nobody uses is closed after so long. */
const idleMs = 60_000;

/** Origins that are spoken to over TLS: each in the version of HTTP that it chooses, over connections that are kept (06 H-13, H-51a). */
export class SecureOrigins {
  readonly #trust: Trust;
  readonly #agent = new SecureAgent({ keepAlive: true });
  readonly #sessions = new Map<string, ClientHttp2Session>();

  constructor(trust: Trust) {
    this.#trust = trust;
  }

  /** @throws HttpError; the signal's reason */
  async send(request: HttpRequest, proxy: HttpProxy | null, signal: AbortSignal): Promise<HttpResponse> {
    try {
      return await this.#send(request, proxy, { signal, isFresh: false });
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
      return await this.#send(request, proxy, { signal, isFresh: true });
    }
  }

  /** Closes what is kept. */
  destroy(): void {
    this.#agent.destroy();
    for (const session of this.#sessions.values()) session.destroy();
  }

  async #send(
    request: HttpRequest,
    proxy: HttpProxy | null,
    { signal, isFresh }: { readonly signal: AbortSignal; readonly isFresh: boolean },
  ): Promise<HttpResponse> {
    const { url } = request;
    const place = `${url.host} ${proxy?.url.href ?? ""}`;
    const session = isFresh ? undefined : this.#sessions.get(place);
    if (session !== undefined) return await http2Exchange(request, session, true, signal);
    // Async, so that a bundle that cannot be read fails the connection and not the agent.
    const dial: DialTls = async (gaveUp) =>
      dialOrigin({ url, proxy, secureContext: this.#trust.context(), signal: gaveUp });
    const agent = isFresh ? new SecureAgent() : this.#agent;
    try {
      return await http1Exchange(request, { agent, proxy: null, dial }, signal);
    } catch (error) {
      if (!(error instanceof Http2Chosen)) throw error;
      return await http2Exchange(request, this.#sessionOver(error.socket, place, url), false, signal);
    }
  }

  #sessionOver(socket: TLSSocket, place: string, url: URL): ClientHttp2Session {
    const known = this.#sessions.get(place);
    // Of several requests that came before it was known what the origin speaks, each has opened a connection.
    if (known !== undefined) {
      socket.destroy();
      return known;
    }
    const session = connect(url.origin, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: windowBytes },
    });
    const forget = () => {
      if (this.#sessions.get(place) === session) this.#sessions.delete(place);
    };
    this.#sessions.set(place, session);
    session.on("error", forget); // its streams tell of it
    session.on("goaway", forget);
    session.on("close", forget);
    session.setTimeout(idleMs, () => {
      forget();
      session.close();
    });
    return session;
  }
}
