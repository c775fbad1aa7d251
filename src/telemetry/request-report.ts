import type { Context } from "@opentelemetry/api";
import { SandboxRefusedError } from "../ports/process-host.ts";
import type { ExchangeTelemetry, ProcessTelemetry, RequestTelemetry } from "../ports/telemetry.ts";
import type { RpcError } from "../protocol/errors.ts";
import { ExchangeReport } from "./exchange-report.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import { ProcessReport } from "./process-report.ts";
import { redact } from "./redact.ts";
import type { OpenSpan } from "./spans.ts";

/** Whence a request came. */
export interface RequestOrigin {
  /** Enough of the id of its connection. */
  readonly connection: string;
  /** Is that gone, so that nobody gets an answer any more? */
  readonly isOver: boolean;
}

/** What is told of one request: a server span, open until its answer is queued, and its time (07 section 13.3). */
export class RequestReport implements RequestTelemetry {
  readonly #method: string;
  readonly #origin: RequestOrigin;
  readonly #signals: ExecutorSignals;
  readonly #since: number;
  readonly #span: OpenSpan | null;

  /** @param method a name of the method table, or `unknown` */
  constructor(method: string, parent: Context | null, origin: RequestOrigin, signals: ExecutorSignals) {
    this.#method = method;
    this.#origin = origin;
    this.#signals = signals;
    this.#since = signals.clock.now();
    this.#span = signals.spans?.open(method, "SERVER", parent, { method }) ?? null;
  }

  answered(): void {
    this.#end(this.#origin.isOver ? "disconnected" : "success", null);
  }

  refused(error: RpcError): void {
    this.#end(this.#origin.isOver ? "disconnected" : "error", error.code);
    const { log } = this.#signals;
    const facts = { connection: this.#origin.connection, method: this.#method, code: error.code };
    if (error.cause instanceof SandboxRefusedError) {
      log?.warn({ ...facts, reason: redact(error.message) }, "sandbox refused");
    } else log?.debug(facts, "request refused");
  }

  process(processId: string): ProcessTelemetry {
    return new ProcessReport(processId, this.#origin.connection, this.#span?.context ?? null, this.#signals);
  }

  exchange(method: string, url: URL): ExchangeTelemetry {
    return new ExchangeReport(method, url, this.#span?.context ?? null, this.#signals);
  }

  #end(result: "success" | "error" | "disconnected", errorType: string | null): void {
    const { spans, instruments, clock } = this.#signals;
    const attributes = { method: this.#method, result };
    if (this.#span !== null) {
      const more = errorType === null ? {} : { "error.type": errorType };
      spans?.close(this.#span, result === "success", { ...attributes, ...more });
    }
    instruments?.requests.add(1, attributes);
    instruments?.requestSeconds.record((clock.now() - this.#since) / 1_000, attributes);
  }
}
