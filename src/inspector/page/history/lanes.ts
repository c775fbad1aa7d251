import type { ActorNumber, HistoryTime } from "../../records.ts";
import type { History } from "./history.ts";
import type { Tone } from "./state-name.ts";
import type { Track } from "./track.ts";

/** A bar of a lane: a state, from its beginning to its end. */
export interface Bar {
  readonly actor: ActorNumber;
  readonly from: HistoryTime;
  /** `null`: it goes on. */
  readonly to: HistoryTime | null;
  readonly name: string;
  readonly tone: Tone;
}

/** A row of the timeline: one actor, or several that were never there together. */
export interface Lane {
  readonly label: string;
  /** Where its label leads. */
  readonly actor: ActorNumber;
  readonly tracks: readonly Track[];
}

/** Rows that connections share: more of them at once are on the page of all tracks. */
const mostConnectionLanes = 2;

/** The lanes below a page: who holds the subject, the subject, and what it owns; without one, the outermost owners. */
export function lanesFor(history: History, subject: ActorNumber | null, position: number, most: number): Lane[] {
  const tracks = [...history.tracks.values()];
  const connections = shareLanes(tracks.filter(({ machine }) => machine === "connection")).slice(
    0,
    mostConnectionLanes,
  );
  const chosen = subject === null ? undefined : history.tracks.get(subject);
  const owners = chosen === undefined ? [] : ownersOf(history, chosen);
  const owned =
    chosen === undefined
      ? tracks.filter(({ machine }) => machine === "session" || machine === "link")
      : tracks.filter(({ owner }) => owner === chosen.actor);
  const present = (track: Track) => Number(track.isThere(position));
  const rest = owned.toSorted((a, b) => present(b) - present(a));
  const own = [...owners, ...(chosen === undefined ? [] : [chosen]), ...rest].filter(
    (track, index, all) => track.machine !== "connection" && all.indexOf(track) === index,
  );
  return [...connections, ...own.map(laneOf)].slice(0, most);
}

/** A lane for everybody, owners before what they own. */
export function allLanes(history: History): Lane[] {
  const tracks = [...history.tracks.values()];
  const owned = Map.groupBy(tracks, ({ owner }) => (owner !== null && history.tracks.has(owner) ? owner : null));
  const below = (owner: ActorNumber | null): Track[] =>
    (owned.get(owner) ?? []).flatMap((track) => [track, ...below(track.actor)]);
  return below(null).map(laneOf);
}

/** The bars of a lane, oldest first. */
export function barsOf(lane: Lane): Bar[] {
  return lane.tracks.flatMap(({ actor, stays, gone }) =>
    stays.map(({ t, name, tone }, index) => ({
      actor,
      from: t,
      to: stays[index + 1]?.t ?? gone?.t ?? null,
      name,
      tone,
    })),
  );
}

function laneOf(track: Track): Lane {
  return { label: track.name, actor: track.actor, tracks: [track] };
}

function ownersOf(history: History, { owner }: Track): Track[] {
  const track = owner === null ? undefined : history.tracks.get(owner);
  return track === undefined ? [] : [...ownersOf(history, track), track];
}

/** Puts actors that were never there together into one lane, so that the time between them shows. */
function shareLanes(tracks: readonly Track[]): Lane[] {
  const lanes: Track[][] = [];
  for (const track of tracks.toSorted((a, b) => a.born.t - b.born.t)) {
    const lane = lanes.find((others) => endOf(others.at(-1)) <= track.born.t);
    if (lane === undefined) lanes.push([track]);
    else lane.push(track);
  }
  return lanes.flatMap((lane) => {
    const last = lane.at(-1);
    return last === undefined
      ? []
      : [{ label: lane.length === 1 ? last.name : "connections", actor: last.actor, tracks: lane }];
  });
}

/** A connection that is over holds its lane no longer, though it may still be there. */
function endOf(track: Track | undefined): HistoryTime {
  if (track === undefined) return Number.NEGATIVE_INFINITY;
  const last = track.stays.at(-1);
  return track.gone?.t ?? (last !== undefined && last.tone === "over" ? last.t : Number.POSITIVE_INFINITY);
}
