import type { TLSSocket } from "node:tls";

/** The origin has chosen HTTP/2: the request was not sent, and can be over this connection. */
export class Http2Chosen extends Error {
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket) {
    super("the origin speaks HTTP/2");
    this.socket = socket;
  }
}
