import { ProctorError } from "../protocol/errors.ts";
import { redact } from "../telemetry/redact.ts";
import { version } from "./version.ts";

/** What sends spans and metrics; none of it comes with Proctor where optional packages are left out. */
const packages = [
  "@opentelemetry/core",
  "@opentelemetry/exporter-metrics-otlp-http",
  "@opentelemetry/exporter-trace-otlp-http",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-metrics",
  "@opentelemetry/sdk-trace",
];

/** So long a message may take, and with it the end of the program; `OTEL_EXPORTER_OTLP_TIMEOUT` has the last word. */
const sendLimitMs = 2_000;

/**
 * Registers the OpenTelemetry SDK for this program: spans and metrics go by OTLP over HTTP to where the usual variables
 * say (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
 * `OTEL_METRIC_EXPORT_INTERVAL`). Must come before whatever is to be measured. Disposing of it sends the rest.
 * @param warn hears, once, that something could not be sent
 * @throws ProctorError `otel` when the packages are not installed
 */
export async function startOtel(serviceName: string, warn: (text: string) => void): Promise<AsyncDisposable> {
  const { api, core, traceExporter, metricExporter, resources, metrics, trace } = await load();
  const limit = process.env.OTEL_EXPORTER_OTLP_TIMEOUT === undefined ? { timeoutMillis: sendLimitMs } : {};
  tellFirstTrouble(core, warn);
  const resource = resources
    .resourceFromAttributes({ "service.name": serviceName, "service.version": version() })
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const tracerProvider = new trace.TracerProvider({
    resource,
    spanProcessors: [new trace.BatchSpanProcessor({ exporter: new traceExporter.OTLPTraceExporter(limit) })],
  });
  const meterProvider = new metrics.MeterProvider({
    resource,
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: new metricExporter.OTLPMetricExporter({ ...limit, ...temporality(metricExporter) }),
        exportIntervalMillis: core.getNumberFromEnv("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000,
      }),
    ],
  });
  api.trace.setGlobalTracerProvider(tracerProvider);
  api.metrics.setGlobalMeterProvider(meterProvider);
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  return {
    // What cannot be sent was told, and is nobody's fault here.
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
    },
  };
}

type Sdk = Awaited<ReturnType<typeof load>>;

async function load() {
  try {
    const [api, core, traceExporter, metricExporter, resources, metrics, trace] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/core"),
      import("@opentelemetry/exporter-trace-otlp-http"),
      import("@opentelemetry/exporter-metrics-otlp-http"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/sdk-trace"),
    ]);
    return { api, core, traceExporter, metricExporter, resources, metrics, trace };
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND")) throw cause;
    const text = `--otel needs packages that are not installed: npm install ${packages.join(" ")}`;
    throw new ProctorError("otel", text, { cause });
  }
}

/** What was added since the last time, as the reference sends it (07 section 13.4), unless the variable says otherwise. */
function temporality({ AggregationTemporalityPreference }: Sdk["metricExporter"]) {
  if (process.env.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE !== undefined) return {};
  return { temporalityPreference: AggregationTemporalityPreference.DELTA };
}

/** The first trouble is told, the others are most likely the same. */
function tellFirstTrouble({ setGlobalErrorHandler }: Sdk["core"], warn: (text: string) => void): void {
  let isTold = false;
  setGlobalErrorHandler((error) => {
    if (!isTold) warn(`telemetry could not be sent: ${redact(error instanceof Error ? error.message : String(error))}`);
    isTold = true;
  });
}
