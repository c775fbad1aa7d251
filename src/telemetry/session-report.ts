import type { SessionTelemetry } from "../ports/telemetry.ts";
import type { ExecutorSignals } from "./executor-signals.ts";
import { shortId } from "./redact.ts";

/** What is told of one session: the log only, for traces do not last that long, and gauges ask. */
export class SessionReport implements SessionTelemetry {
  readonly #signals: ExecutorSignals;
  readonly #facts: { readonly session: string };
  #since: number;

  constructor(sessionId: string, connectionId: string, signals: ExecutorSignals) {
    this.#signals = signals;
    this.#facts = { session: shortId(sessionId) };
    this.#since = signals.clock.now();
    signals.log?.info({ ...this.#facts, connection: shortId(connectionId) }, "session begun");
  }

  attached(connectionId: string): void {
    const facts = { ...this.#facts, connection: shortId(connectionId), detachedMs: this.#elapsed() };
    this.#signals.log?.info(facts, "session resumed");
  }

  detached(): void {
    this.#signals.log?.info({ ...this.#facts, attachedMs: this.#elapsed() }, "session detached");
  }

  ended(): void {
    this.#signals.log?.info(this.#facts, "session over");
  }

  /** Since the last time, in milliseconds. */
  #elapsed(): number {
    const now = this.#signals.clock.now();
    const elapsedMs = Math.round(now - this.#since);
    this.#since = now;
    return elapsedMs;
  }
}
