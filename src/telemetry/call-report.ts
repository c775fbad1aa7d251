import type { Context } from "@opentelemetry/api";
import type { CallTelemetry } from "../ports/telemetry.ts";
import type { TraceContext } from "../protocol/trace-context.ts";
import { errorTypeOf } from "./error-type.ts";
import type { OpenSpan, Spans } from "./spans.ts";

/** What is told of one call of a link: a client span, from the call to its outcome, across however many connections. */
export class CallReport implements CallTelemetry {
  readonly trace: TraceContext | null;
  readonly #spans: Spans;
  readonly #span: OpenSpan;

  constructor(method: string, parent: Context, spans: Spans) {
    this.#spans = spans;
    this.#span = spans.open(method, "CLIENT", parent, { method });
    this.trace = spans.sent(this.#span.context);
  }

  answered(): void {
    this.#spans.close(this.#span, true, {});
  }

  failed(error: unknown): void {
    this.#spans.close(this.#span, false, { "error.type": errorTypeOf(error) });
  }
}
