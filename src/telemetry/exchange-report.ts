import type { Attributes, Context } from "@opentelemetry/api";
import type { HttpHeader } from "../ports/http-host.ts";
import type { ExchangeTelemetry } from "../ports/telemetry.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import type { OpenSpan } from "./spans.ts";

/** Other methods can be anything, and are not told. */
const methods: ReadonlySet<string> = new Set("CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE".split(" "));
const traceHeaders: ReadonlySet<string> = new Set(["traceparent", "tracestate"]);

/** What is told of one exchange with an origin: a client span, from the request to the end of the body; of the URL only host and port. */
export class ExchangeReport implements ExchangeTelemetry {
  readonly #signals: ExecutorSignals;
  readonly #span: OpenSpan | null;
  readonly #bytes = { request: 0, response: 0 };
  #status: number | null = null;

  constructor(method: string, { protocol, hostname, port }: URL, parent: Context | null, signals: ExecutorSignals) {
    this.#signals = signals;
    const attributes = {
      "http.request.method": methods.has(method) ? method : "_OTHER",
      "server.address": hostname.replace(/^\[|\]$/g, ""),
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
    };
    this.#span = signals.spans?.open("codex.exec_server.http_request", "CLIENT", parent, attributes) ?? null;
  }

  headers(headers: readonly HttpHeader[]): readonly HttpHeader[] {
    const trace = this.#span === null ? null : this.#signals.spans?.sent(this.#span.context);
    if (trace === null || trace === undefined) return headers;
    return [...headers.filter(([name]) => !traceHeaders.has(name)), ...Object.entries(trace)];
  }

  responded(status: number): void {
    this.#status = status;
  }

  passed(direction: "request" | "response", bytes: number): void {
    this.#bytes[direction] += bytes;
  }

  completed(): void {
    this.#end(true, {});
  }

  failed(trouble: string): void {
    this.#end(false, { "error.type": trouble });
  }

  #end(isGood: boolean, attributes: Attributes): void {
    const { spans, instruments, log } = this.#signals;
    const status = this.#status === null ? {} : { "http.response.status_code": this.#status };
    if (this.#span !== null) spans?.close(this.#span, isGood, { ...attributes, ...status });
    for (const direction of ["request", "response"] as const) {
      if (this.#bytes[direction] > 0) instruments?.bodyBytes.add(this.#bytes[direction], { direction });
    }
    log?.debug({ status: this.#status, ...attributes, bytes: this.#bytes.response }, "http exchange over");
  }
}
