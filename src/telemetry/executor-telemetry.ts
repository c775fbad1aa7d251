import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { ExecutorCensus, ExecutorTelemetry } from "../ports/telemetry.ts";
import { ConnectionReport } from "./connection-report.ts";
import { executorInstruments } from "./executor-instruments.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import { registeredApi } from "./registered-api.ts";
import { SessionReport } from "./session-report.ts";
import { Spans } from "./spans.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

/** How an executor is listened to. */
export interface ExecutorTelemetryOptions {
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  readonly telemetry?: TelemetryOptions | false | undefined;
  /** Counts what it has, at each collection. */
  readonly census: () => ExecutorCensus;
}

/**
 * Traces, metrics and the log of an executor (07 section 13, E-48); `undefined` where there is neither a logger nor an SDK, so that
 * the executor tells nobody anything.
 */
export function executorTelemetry(options: ExecutorTelemetryOptions): ExecutorTelemetry | undefined {
  const { clock, logger, telemetry = {}, census } = options;
  const api = telemetry === false ? null : registeredApi();
  if (api === null && logger === undefined) return undefined;
  const spans = api === null || telemetry === false ? null : new Spans(api, telemetry);
  const instruments = api === null ? null : executorInstruments(api);
  const signals: ExecutorSignals = { clock, log: logger ?? null, spans, instruments };
  instruments?.censuses.add(census);
  return {
    connection: (connectionId, transport) => new ConnectionReport(connectionId, transport, signals),
    session: (sessionId, connectionId) => new SessionReport(sessionId, connectionId, signals),
    stopped: () => void instruments?.censuses.delete(census),
  };
}
