import type { Attributes, Context, Span, SpanKind, Tracer } from "@opentelemetry/api";
import type { TraceContext } from "../protocol/trace-context.ts";
import { instrumentationScope } from "./instrumentation-scope.ts";
import type { OpenTelemetryApi } from "./registered-api.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

/** A span, and the context in which what it sets in motion has it for a parent. */
export interface OpenSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Makes spans, and puts their context into the words of the wire. */
export class Spans {
  /** Whether they carry the ids of processes. */
  readonly includeIds: boolean;
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;

  constructor(api: OpenTelemetryApi, { includeIds = false }: TelemetryOptions) {
    this.#api = api;
    this.includeIds = includeIds;
    this.#tracer = api.trace.getTracer(instrumentationScope);
  }

  /** Begins a span. @param parent `null`: it begins a trace */
  open(name: string, kind: keyof typeof SpanKind, parent: Context | null, attributes: Attributes): OpenSpan {
    const { ROOT_CONTEXT, SpanKind: kinds, trace } = this.#api;
    const span = this.#tracer.startSpan(name, { kind: kinds[kind], attributes }, parent ?? ROOT_CONTEXT);
    return { span, context: trace.setSpan(parent ?? ROOT_CONTEXT, span) };
  }

  /** Ends a span; one that did not succeed says so without words, which could be anybody's. */
  close({ span }: OpenSpan, isGood: boolean, attributes: Attributes): void {
    span.setAttributes(attributes);
    if (!isGood) span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    span.end();
  }

  /** What the program is in the middle of. */
  active(): Context {
    return this.#api.context.active();
  }

  /** The context that a request has brought along; `null` for one that no propagator can use (07 E-45). */
  received({ traceparent, tracestate }: TraceContext): Context | null {
    const { propagation, trace, ROOT_CONTEXT } = this.#api;
    const carrier = { traceparent: traceparent ?? undefined, tracestate: tracestate ?? undefined };
    const context = propagation.extract(ROOT_CONTEXT, carrier);
    return trace.getSpanContext(context) === undefined ? null : context;
  }

  /** The context as it goes over the wire; `null` where the program's propagator has no words for it. */
  sent(context: Context): { readonly traceparent: string; readonly tracestate?: string } | null {
    const carrier: { traceparent?: string; tracestate?: string } = {};
    this.#api.propagation.inject(context, carrier);
    const { traceparent, tracestate } = carrier;
    if (traceparent === undefined) return null;
    // An empty one is left out: it would say nothing (07 section 13.2).
    return tracestate === undefined || tracestate === "" ? { traceparent } : { traceparent, tracestate };
  }
}
