import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { ExecutorInstruments } from "./executor-instruments.ts";
import type { Spans } from "./spans.ts";

/** What the reports of one executor share. A part that nobody has asked for is `null`. */
export interface ExecutorSignals {
  readonly clock: Clock;
  readonly log: Logger | null;
  readonly spans: Spans | null;
  readonly instruments: ExecutorInstruments | null;
}
