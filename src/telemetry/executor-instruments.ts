import type { Counter, Histogram, Meter, MeterProvider } from "@opentelemetry/api";
import type { ExecutorCensus } from "../ports/telemetry.ts";
import { inSeconds } from "./in-seconds.ts";
import { instrumentationScope } from "./instrumentation-scope.ts";
import type { OpenTelemetryApi } from "./registered-api.ts";

/** What is counted of executors. The names are the reference's; those that it has not are marked (07 E-48). */
export interface ExecutorInstruments {
  readonly starts: Counter;
  readonly connections: Counter;
  readonly requests: Counter;
  readonly requestSeconds: Histogram;
  readonly finished: Counter;
  readonly processSeconds: Histogram;
  readonly bodyBytes: Counter;
  /** The executors that are there; what they have is asked for at each collection. */
  readonly censuses: Set<() => ExecutorCensus>;
}

/** Executors that report to one provider share their instruments: a gauge has one value, their sum. */
const known = new WeakMap<MeterProvider, ExecutorInstruments>();

/** The instruments of whatever provider is registered at this moment. */
export function executorInstruments({ metrics }: OpenTelemetryApi): ExecutorInstruments {
  const provider = metrics.getMeterProvider();
  let instruments = known.get(provider);
  if (instruments === undefined) {
    instruments = create(provider.getMeter(instrumentationScope));
    known.set(provider, instruments);
  }
  return instruments;
}

function create(meter: Meter): ExecutorInstruments {
  const censuses = new Set<() => ExecutorCensus>();
  observeCensuses(meter, censuses);
  return {
    starts: meter.createCounter("codex.process.start"),
    connections: meter.createCounter("exec_server_connections_total"),
    requests: meter.createCounter("exec_server_requests_total"),
    requestSeconds: meter.createHistogram("exec_server_request_duration_seconds", inSeconds),
    finished: meter.createCounter("exec_server_processes_finished_total"),
    processSeconds: meter.createHistogram("exec_server_process_duration_seconds", inSeconds),
    bodyBytes: meter.createCounter("exec_server_http_body_bytes_total", { unit: "By" }), // ours
    censuses,
  };
}

/** Gauges are told at every collection, 0 for what there is none of. */
function observeCensuses(meter: Meter, censuses: ReadonlySet<() => ExecutorCensus>): void {
  const connections = meter.createObservableGauge("exec_server_connections_active");
  const processes = meter.createObservableGauge("exec_server_processes_active");
  const sessions = meter.createObservableGauge("exec_server_sessions_active"); // ours, as the rest
  const exchanges = meter.createObservableGauge("exec_server_http_exchanges_active");
  const queued = meter.createObservableGauge("exec_server_outgoing_queue_bytes", { unit: "By" });
  meter.addBatchObservableCallback(
    (result) => {
      if (censuses.size === 0) return; // all executors have stopped, or there never was one
      const all = [...censuses].map((take) => take());
      const sum = (count: (census: ExecutorCensus) => number) => all.reduce((total, one) => total + count(one), 0);
      for (const transport of ["websocket", "stdio", "memory"] as const) {
        result.observe(
          connections,
          sum((census) => census.connections[transport]),
          { transport },
        );
      }
      for (const state of ["attached", "detached"] as const) {
        result.observe(
          sessions,
          sum((census) => census.sessions[state]),
          { state },
        );
      }
      result.observe(
        processes,
        sum((census) => census.processes),
      );
      result.observe(
        exchanges,
        sum((census) => census.exchanges),
      );
      result.observe(
        queued,
        sum((census) => census.queuedBytes),
      );
    },
    [connections, processes, sessions, exchanges, queued],
  );
}
