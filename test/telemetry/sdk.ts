import { context, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

/** One value of a metric: a number, or for histograms how many values there were, between which bounds. */
export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** An OpenTelemetry SDK that keeps everything in memory. */
export interface MemorySdk extends AsyncDisposable {
  /** The spans that have ended, in that order. */
  readonly spans: ReadableSpan[];
  spansNamed(name: string): ReadableSpan[];
  /** Collects now: what was added since the last time. */
  collect(): Promise<ReadonlyMap<string, readonly Point[]>>;
}

/** Registers the SDK of a program, as its user does it before anything else. Disposing of it takes it back. */
export function registerSdk(): MemorySdk {
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const contextManager = new AsyncLocalStorageContextManager().enable();
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  context.setGlobalContextManager(contextManager);
  return {
    get spans() {
      return spanExporter.getFinishedSpans();
    },
    spansNamed: (name) => spanExporter.getFinishedSpans().filter((span) => span.name === name),
    async collect() {
      metricExporter.reset();
      await reader.forceFlush();
      const collected = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return new Map(
        collected
          .flatMap(({ metrics: ofScope }) => ofScope)
          .map(({ descriptor, dataPoints }) => [
            descriptor.name,
            dataPoints.map(({ attributes, value }) => ({ attributes, value })),
          ]),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const registered of [trace, metrics, propagation, context]) registered.disable();
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}
