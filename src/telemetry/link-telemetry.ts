import type { Context } from "@opentelemetry/api";
import type { Observable } from "rxjs";
import type { LinkState } from "../actors/link-state.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { CallTelemetry, LinkTelemetry, RemoteProcessTelemetry } from "../ports/telemetry.ts";
import { CallReport } from "./call-report.ts";
import { inSeconds } from "./in-seconds.ts";
import { instrumentationScope } from "./instrumentation-scope.ts";
import { LinkLife, type LinkSignals } from "./link-life.ts";
import { registeredApi } from "./registered-api.ts";
import { RemoteProcessReport } from "./remote-process-report.ts";
import { Spans } from "./spans.ts";
import type { TelemetryOptions } from "./telemetry-options.ts";

/** Traces, metrics and the log of a link. */
export interface ObservedLinkTelemetry extends LinkTelemetry {
  /** Reads the life of the link off its states, to their end. */
  follow(state$: Observable<LinkState>): void;
}

/** `undefined` where there is neither a logger nor an SDK, so that the link tells nobody anything. */
export function linkTelemetry(
  clock: Clock,
  options: { readonly logger?: Logger | undefined; readonly telemetry?: TelemetryOptions | false | undefined },
): ObservedLinkTelemetry | undefined {
  const { logger, telemetry = {} } = options;
  const api = telemetry === false ? null : registeredApi();
  if (api === null && logger === undefined) return undefined;
  const meter = api?.metrics.getMeter(instrumentationScope);
  return new LinkReport({
    clock,
    log: logger ?? null,
    spans: api === null || telemetry === false ? null : new Spans(api, telemetry),
    recoverySeconds: meter?.createHistogram("exec_server_session_recovery_seconds", inSeconds) ?? null,
  });
}

/** What is told of one link. A process is a span as long as it lives, and every call about it belongs there. */
class LinkReport implements ObservedLinkTelemetry {
  readonly #signals: LinkSignals;
  readonly #processes = new Map<string, Context>();

  constructor(signals: LinkSignals) {
    this.#signals = signals;
  }

  follow(state$: Observable<LinkState>): void {
    const life = new LinkLife(this.#signals);
    state$.subscribe((state) => life.entered(state));
  }

  call(method: string, params: unknown): CallTelemetry | undefined {
    const { spans } = this.#signals;
    if (spans === null) return undefined;
    return new CallReport(method, this.#lifeIn(params) ?? spans.active(), spans);
  }

  process(processId: string): RemoteProcessTelemetry | undefined {
    const { spans } = this.#signals;
    if (spans === null) return undefined;
    const report = new RemoteProcessReport(processId, spans, () => void this.#processes.delete(processId));
    this.#processes.set(processId, report.context);
    return report;
  }

  /** The life of the process that a call is about. */
  #lifeIn(params: unknown): Context | undefined {
    if (typeof params !== "object" || params === null || !("processId" in params)) return undefined;
    return typeof params.processId === "string" ? this.#processes.get(params.processId) : undefined;
  }
}
