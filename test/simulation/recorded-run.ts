import { writeFile } from "node:fs/promises";
import type { HistoryLog } from "../../src/inspector/history-log.ts";
import { Hub } from "../../src/inspector/hub.ts";
import { Observatory } from "../../src/inspector/observatory.ts";
import { RecordingLines } from "../../src/inspector/recording-lines.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Scenario } from "./scenario.ts";
import { type Outcome, simulate, type World } from "./simulate.ts";

/** A run, and everything that its statecharts did, as the lines of a recording. */
export interface RecordedRun {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/** A step of a recorded run is done, and written down. */
export interface RecordedStep {
  readonly hub: Hub;
  readonly log: HistoryLog;
  /** How many lines there are by now. */
  readonly lines: number;
}

/**
 * Runs a scenario and records it. Watching changes nothing: the outcome is that of `simulate`.
 * @param stepped hears of each step
 */
export async function recordRun(
  scenario: Scenario,
  title: string,
  stepped: (step: RecordedStep) => void = () => undefined,
): Promise<RecordedRun> {
  const lines: string[] = [];
  let observatory: Observatory | null = null;
  const outcome = await simulate(scenario, (world) => {
    const hub = new Hub(watching(world));
    const opened = new Observatory(hub, { side: "simulation", title });
    observatory = opened;
    const { log } = opened.watch({
      pulse: () => undefined,
      printed: (actor) => lines.push(...recording.readPrinted(actor)),
    });
    const recording: RecordingLines = new RecordingLines(() => opened.header, log, hub);
    return {
      watch: hub,
      stepped: () => {
        opened.pulse();
        lines.push(...recording.read());
        stepped({ hub, log, lines: lines.length });
      },
    };
  });
  (observatory as Observatory | null)?.[Symbol.dispose]();
  return { outcome, lines };
}

/** Records a run to a file. */
export async function recordRunTo(file: string, scenario: Scenario, title: string): Promise<Outcome> {
  const { outcome, lines } = await recordRun(scenario, title);
  await writeFile(file, lines.join(""));
  return outcome;
}

/** The time of the world, without any timer: one more would change what chance decides. */
function watching({ clock }: World): Clock {
  return { now: () => clock.now(), setTimeout: () => null, clearTimeout: () => undefined };
}
