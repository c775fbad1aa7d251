import { rowFlags } from "./feed-format.ts";
import { type HistoryLog, historyLimits, recordKind } from "./history-log.ts";

/** A record of the log that is not a keyframe, as a line of a recording has it. */
export function recordText(log: HistoryLog, seq: number): string {
  const slot = seq % historyLimits.records;
  const text = log.textOf(seq);
  if (log.kinds[slot] !== recordKind.event) {
    if (text === undefined) throw new RangeError(`record ${seq} is not remembered`);
    return text;
  }
  // Within the bounds of the arrays: their numbers are there.
  const [t = 0, actor = 0, event = 0, value = 0, flags = 0] = [
    log.times[slot],
    log.actors[slot],
    log.events[slot],
    log.values[slot],
    log.flags[slot],
  ];
  const heard = text ?? `{"type":${JSON.stringify(log.names.textOf(event))}}`;
  const state = value === 0 ? "" : `,"value":${log.states.textOf(value)}`;
  const status = flags & rowFlags.done ? ',"status":"done"' : flags & rowFlags.error ? ',"status":"error"' : "";
  const taken = (flags & rowFlags.taken) !== 0;
  const cause = log.causes[slot] ?? 0;
  const because =
    cause === 0
      ? ""
      : `,"because":{"actor":${log.causers[slot]},"type":${JSON.stringify(log.names.textOf(cause - 1))}}`;
  return `{"kind":"event","t":${t},"actor":${actor},"event":${heard},"taken":${taken}${because}${state}${status}}`;
}
