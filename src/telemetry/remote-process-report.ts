import type { Context } from "@opentelemetry/api";
import type { RemoteProcessTelemetry } from "../ports/telemetry.ts";
import { errorTypeOf } from "./error-type.ts";
import type { OpenSpan, Spans } from "./spans.ts";

/** What an orchestrator tells of one of its processes: a span, from its start to its exit. */
export class RemoteProcessReport implements RemoteProcessTelemetry {
  /** In which the calls about it are made. */
  readonly context: Context;
  readonly #spans: Spans;
  readonly #span: OpenSpan;
  readonly #over: () => void;

  constructor(processId: string, spans: Spans, over: () => void) {
    const ids = spans.includeIds ? { "process.id": processId } : {};
    this.#spans = spans;
    this.#over = over;
    this.#span = spans.open("proctor.process", "INTERNAL", spans.active(), ids);
    this.context = this.#span.context;
  }

  exited(exitCode: number): void {
    this.#over();
    this.#spans.close(this.#span, true, { "process.exit_code": exitCode });
  }

  failed(error: unknown): void {
    this.#over();
    this.#spans.close(this.#span, false, { "error.type": errorTypeOf(error) });
  }
}
