import type { Histogram } from "@opentelemetry/api";
import type { LinkState } from "../actors/link-state.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { redact, shortId } from "./redact.ts";
import type { OpenSpan, Spans } from "./spans.ts";

/** What the reports of one link share. A part that nobody has asked for is `null`. */
export interface LinkSignals {
  readonly clock: Clock;
  readonly log: Logger | null;
  readonly spans: Spans | null;
  /** From the loss of a connection to the end of the recovery, in seconds, by its result. */
  readonly recoverySeconds: Histogram | null;
}

/** What a link was at when its state changed: there is a span for each. */
const errands: Partial<Record<LinkState["value"], string>> = {
  Connecting: "proctor.connect",
  Recovering: "proctor.recovery",
};
const results = { Connected: "success", Failed: "error", Closed: "closed" } as const;

/** Reads the life of a link off the states of its machine: connecting and each recovery is a span, and every change a line. */
export class LinkLife {
  readonly #signals: LinkSignals;
  #value: LinkState["value"] | null = null;
  #span: OpenSpan | null = null;
  #since: number;

  constructor(signals: LinkSignals) {
    this.#signals = signals;
    this.#since = signals.clock.now();
  }

  /** The link is in this state now. */
  entered(state: LinkState): void {
    const { spans, clock } = this.#signals;
    const before = this.#value;
    if (state.value === before) return;
    const now = clock.now();
    if (state.value in results) this.#finished(before, state.value as keyof typeof results, now - this.#since);
    this.#log(state, before, Math.round(now - this.#since));
    this.#value = state.value;
    this.#since = now;
    const name = errands[state.value];
    if (name !== undefined) {
      this.#span = spans?.open(name, "CLIENT", state.value === "Connecting" ? spans.active() : null, {}) ?? null;
    }
  }

  #finished(before: LinkState["value"] | null, value: keyof typeof results, elapsedMs: number): void {
    const { spans, recoverySeconds } = this.#signals;
    const result = results[value];
    if (this.#span !== null) spans?.close(this.#span, result === "success", { result });
    this.#span = null;
    if (before === "Recovering") recoverySeconds?.record(elapsedMs / 1_000, { result });
  }

  #log(
    { value, generation, sessionId, reason }: LinkState,
    before: LinkState["value"] | null,
    elapsedMs: number,
  ): void {
    const { log } = this.#signals;
    const session = sessionId === null ? null : shortId(sessionId);
    const cause = reason === null ? null : redact(reason);
    if (value === "Connected") {
      const text = before === "Recovering" ? "session resumed" : "connected";
      log?.info({ session, generation, tookMs: elapsedMs }, text);
    } else if (value === "Recovering") log?.warn({ session, generation, reason: cause }, "connection lost");
    else if (value === "Failed") log?.error({ session, reason: cause }, "link failed");
    else if (value === "Closed") log?.info({ session }, "link closed");
  }
}
