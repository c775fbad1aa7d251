import type { InspectOptions, Inspector } from "./inspector/inspector.ts";
import type { HistoryTitle } from "./inspector/observatory.ts";
import { type Clock, systemClock } from "./ports/clock.ts";

/** What can be shown while it runs. */
export interface Inspectable {
  /**
   * Shows every process, session, connection and link as a live statechart: on a page that is served on loopback, in a
   * recording, or both. Default: not at all, which costs nothing.
   */
  readonly inspect?: boolean | InspectOptions | undefined;
  readonly clock?: Clock | undefined;
}

/** Starts the inspector that is asked for, if one is; only then is its code loaded. */
export async function startInspector(
  { inspect = false, clock = systemClock }: Inspectable,
  title: HistoryTitle,
): Promise<Inspector | null> {
  if (inspect === false) return null;
  const { Inspector: Inspecting } = await import("./inspector/inspector.ts");
  return Inspecting.start(inspect === true ? {} : inspect, title, clock);
}
