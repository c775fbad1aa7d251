import { ProctorError } from "../protocol/errors.ts";

/** A header as it goes over the wire: a lower-case name, and a value whose characters are its bytes. */
export type HttpHeader = readonly [name: string, value: string];

/** One request to one origin: no redirect is followed, no header is added. */
export interface HttpRequest {
  readonly method: string;
  /** `http:` or `https:`, without userinfo and fragment. */
  readonly url: URL;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array | null;
}

/** The head of a response, and its body as it comes. */
export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  /** In the order of the wire. */
  readonly headers: readonly HttpHeader[];
  /**
   * To be read once, or ended with `return()`. While nobody asks for the next piece the origin is not read beyond a small
   * buffer; what came before a failure is given before it is thrown.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What went wrong with an exchange (06 H-44a). */
export type HttpTrouble =
  | "dns"
  | "connect"
  | "tls"
  | "timeout"
  | "redirect"
  | "protocol"
  | "reset"
  | "tooLarge"
  | "aborted";

/** An exchange with an origin failed. The text names no query and no credentials. */
export class HttpError extends ProctorError {
  readonly trouble: HttpTrouble;
  /** The system's or the parser's own name for it, if it has one. */
  readonly systemCode: string | undefined;

  constructor(trouble: HttpTrouble, message: string, options: ErrorOptions & { readonly systemCode?: string } = {}) {
    super("http", message, { ...options, effect: "unknown" });
    this.trouble = trouble;
    this.systemCode = options.systemCode;
  }
}

/** Speaks HTTP from where the executor runs. */
export interface HttpHost {
  /** @throws HttpError when no request at all can be made, whatever it is (06 H-50) */
  check?(): void;
  /**
   * Sends one request and resolves with the head of its response; interim responses are left out.
   * @param signal ends the exchange, its body included, with the signal's reason
   * @throws HttpError
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /** Closes the connections that are kept for later. */
  [Symbol.dispose]?(): void;
}
