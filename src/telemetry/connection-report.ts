import type { ConnectionTelemetry } from "../ports/telemetry.ts";
import type { Transport, TransportEnd } from "../ports/transport.ts";
import type { TraceContext } from "../protocol/trace-context.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import { redact, shortId } from "./redact.ts";
import { type RequestOrigin, RequestReport } from "./request-report.ts";

/** Ends that nobody needs to look into. */
const orderly: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/** What is told of one connection. */
export class ConnectionReport implements ConnectionTelemetry, RequestOrigin {
  readonly #signals: ExecutorSignals;
  readonly #facts: { readonly connection: string; readonly transport: Transport["kind"] };
  readonly #since: number;
  #ending: TransportEnd | null = null;
  #isOver = false;

  constructor(connectionId: string, { kind, peer }: Transport, signals: ExecutorSignals) {
    this.#signals = signals;
    this.#since = signals.clock.now();
    this.#facts = { connection: shortId(connectionId), transport: kind };
    signals.instruments?.connections.add(1, { transport: kind });
    signals.log?.info({ ...this.#facts, peer }, "connection opened");
  }

  get connection(): string {
    return this.#facts.connection;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  request(method: string | null, trace: TraceContext | null | undefined): RequestReport {
    const { spans, log } = this.#signals;
    const parent = spans === null || trace === null || trace === undefined ? null : spans.received(trace);
    if (spans !== null && parent === null && typeof trace?.traceparent === "string") {
      log?.warn(this.#facts, "a request came with a trace that cannot be used");
    }
    return new RequestReport(method ?? "unknown", parent, this, this.#signals);
  }

  malformed(): void {
    // What could not be understood can be anything, so nothing of it is shown.
    this.#signals.log?.warn(this.#facts, "a message could not be understood");
  }

  ending(end: TransportEnd): void {
    this.#ending ??= end;
    this.#isOver = true;
  }

  ended(end: TransportEnd): void {
    this.#isOver = true;
    const { code, reason } = this.#ending ?? end;
    const { log, clock } = this.#signals;
    const facts = { ...this.#facts, code, reason: redact(reason), durationMs: Math.round(clock.now() - this.#since) };
    if (orderly.has(code)) log?.info(facts, "connection closed");
    else log?.warn(facts, "connection closed");
  }
}
