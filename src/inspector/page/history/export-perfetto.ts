import type { StateValue } from "../../records.ts";
import type { History } from "./history.ts";
import type { Track } from "./track.ts";

/** An event of the Chrome trace format, which Perfetto opens. Times are microseconds. */
type TraceEvent = Readonly<Record<string, unknown>>;

/**
 * The history as a trace for Perfetto: a process for each actor, a thread for each region of its chart, so that the bars of one
 * thread never overlap; events are instants.
 */
export function toPerfetto(history: History): string {
  const events: TraceEvent[] = [];
  for (const track of history.tracks.values()) {
    events.push({ ph: "M", name: "process_name", pid: track.actor, args: { name: `${track.machine} ${track.name}` } });
    events.push(...regionsOf(track, history.lastT), ...instantsOf(track));
  }
  return JSON.stringify({
    traceEvents: events,
    displayTimeUnit: "ms",
    otherData: { title: history.header?.title ?? "" },
  });
}

function regionsOf(track: Track, lastT: number): TraceEvent[] {
  const threads = new Map<string, number>();
  const open = new Map<string, { state: string; t: number }>();
  const events: TraceEvent[] = [];
  const threadOf = (region: string) => {
    const known = threads.get(region);
    if (known !== undefined) return known;
    const tid = threads.size + 1;
    threads.set(region, tid);
    events.push({ ph: "M", name: "thread_name", pid: track.actor, tid, args: { name: region } });
    return tid;
  };
  const end = (region: string, t: number) => {
    const bar = open.get(region);
    open.delete(region);
    if (bar === undefined) return;
    const tid = threadOf(region);
    events.push({ ph: "X", name: bar.state, pid: track.actor, tid, ts: bar.t * 1_000, dur: (t - bar.t) * 1_000 });
  };
  for (const { t, value } of track.turns) {
    const now = statesByRegion(value);
    for (const [region, { state }] of [...open]) if (now.get(region) !== state) end(region, t);
    for (const [region, state] of now) if (!open.has(region)) open.set(region, { state, t });
  }
  for (const region of [...open.keys()]) end(region, track.gone?.t ?? lastT);
  return events;
}

function instantsOf(track: Track): TraceEvent[] {
  return track.events.map(({ t, record }) => ({
    ph: "i",
    s: "p",
    name: record.taken ? record.event.type : `${record.event.type} (ignored)`,
    pid: track.actor,
    tid: 0,
    ts: t * 1_000,
    args: record.event,
  }));
}

/** Each region with the path of states below it: `states` the whole chart, `Live.stdout` what is parallel. */
function statesByRegion(value: StateValue): Map<string, string> {
  const regions = new Map<string, string>();
  const visit = (part: StateValue, region: string, path: string): void => {
    const join = (name: string) => (path === "" ? name : `${path}.${name}`);
    if (typeof part === "string") {
      regions.set(region, join(part));
      return;
    }
    const entries = Object.entries(part);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) {
      visit(only[1], region, join(only[0]));
      return;
    }
    if (path !== "") regions.set(region, path);
    for (const [name, inner] of entries)
      visit(inner, region === "states" ? join(name) : `${region}.${path}.${name}`, "");
  };
  visit(value, "states", "");
  return regions;
}
