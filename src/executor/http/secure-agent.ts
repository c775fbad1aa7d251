import type { RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { Http2Chosen } from "./http2-chosen.ts";

/** Not imported, for that would load all of undici: see `transports/websocket-listener.ts`. */
const https = process.getBuiltinModule("node:https");

/** Opens a connection for a request. */
export type DialTls = (signal: AbortSignal) => Promise<TLSSocket>;

/** What a request tells its agent about how to reach the origin. */
export interface SecureRequestOptions {
  readonly dial: DialTls;
  readonly dialSignal: AbortSignal;
}

/** Node's pool of TLS connections for HTTP/1.1, over connections that are dialled as the request says. */
export class SecureAgent extends https.Agent {
  override createConnection(
    options: RequestOptions & Partial<SecureRequestOptions>,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    const { dial, dialSignal } = options;
    if (dial === undefined || dialSignal === undefined)
      throw new Error("every request through this agent says how to dial");
    const fail = (error: Error) => done?.(error, undefined as unknown as Duplex); // Node's type forgets that there is no socket then
    dial(dialSignal).then(
      (socket) => {
        if (dialSignal.aborted) socket.destroy(); // nobody would take it
        if (socket.alpnProtocol === "h2") fail(new Http2Chosen(socket));
        else done?.(null, socket);
      },
      (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
    );
    return undefined;
  }
}
