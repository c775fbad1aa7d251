import type {
  ActorNumber,
  ActorState,
  CountersRecord,
  HeaderRecord,
  HistoryRecord,
  HistoryTime,
  OutputRecord,
} from "../../records.ts";
import { countUpTo } from "./sorted.ts";
import { type ActorView, type Placed, Track } from "./track.ts";

/** How much of the past is kept. */
export interface HistoryBounds {
  /** Records; when there are more, the oldest quarter goes. Default 200,000. */
  readonly records?: number;
  /** Base64 characters of output, of all processes; the oldest go first. Default 32 Mi. */
  readonly outputLength?: number;
}

/** Everything at one moment. */
export interface Scene {
  /** So many records have happened. */
  readonly position: number;
  readonly actors: readonly ActorView[];
  readonly byNumber: ReadonlyMap<ActorNumber, ActorView>;
}

/** Nothing happened in between. */
export interface Gap {
  readonly from: HistoryTime;
  readonly to: HistoryTime;
}

/** Transitions are missing in between; `to` is `null` until the keyframe has come. */
export interface Skip {
  readonly from: HistoryTime;
  to: HistoryTime | null;
  readonly order: number;
  readonly transitions: number;
}

export interface Divergence extends Placed {
  readonly actor: ActorNumber;
}

/** Silence of this length or more is an idle gap. */
export const shortestGapMs = 3_000;

/**
 * What happened to every actor, live or read from a file: it takes records in their order, and tells how things stood at any
 * moment of the past that it keeps. A moment is a position: how many records had happened.
 */
export class History {
  header: HeaderRecord | null = null;
  /** Counts what was taken in: whoever drew an older version draws again. */
  version = 0;
  readonly tracks = new Map<ActorNumber, Track>();
  readonly gaps: Gap[] = [];
  readonly skips: Skip[] = [];
  /** Keyframes that were not what the events before led to. */
  readonly divergences: Divergence[] = [];
  readonly counters: CountersRecord[] = [];
  readonly #mostRecords: number;
  readonly #mostOutput: number;
  readonly #records: HistoryRecord[] = [];
  /** The records before the first one that is kept. */
  #forgotten = 0;
  /** Who printed, in the order in which it came. */
  readonly #printers: Track[] = [];
  #outputLength = 0;
  /** When something happened last; counters are no happening. */
  #activeAt: HistoryTime | null = null;
  #firstT: HistoryTime = 0;
  #scene: { scene: Scene; version: number } | null = null;

  constructor({ records = 200_000, outputLength = 32 * 1024 * 1024 }: HistoryBounds = {}) {
    this.#mostRecords = records;
    this.#mostOutput = outputLength;
  }

  /** How many records have come, those that are not kept any more among them: the position of now. */
  get length(): number {
    return this.#forgotten + this.#records.length;
  }

  /** The first position that can be looked at. */
  get firstPosition(): number {
    return Math.min(this.length, this.#forgotten + 1);
  }

  get firstT(): HistoryTime {
    return this.#firstT;
  }

  get lastT(): HistoryTime {
    return Math.max(this.#records.at(-1)?.t ?? this.#firstT, this.#activeAt ?? this.#firstT);
  }

  /** When anything but counters came last. */
  get activeUntil(): HistoryTime {
    return this.#activeAt ?? this.#firstT;
  }

  /** Has the beginning been let go, to keep the bounds? */
  get isCut(): boolean {
    return this.#forgotten > 0;
  }

  append(records: readonly HistoryRecord[]): void {
    for (const record of records) this.#take(record);
    if (this.#records.length > this.#mostRecords) this.#forget(this.#forgotten + Math.ceil(this.#mostRecords / 4));
    if (this.#outputLength > this.#mostOutput) this.#forgetOutput(this.#mostOutput * 0.75);
    this.version += 1;
  }

  /** How many records have happened at a time, those of that very moment among them. */
  positionAt(t: HistoryTime): number {
    return Math.max(this.firstPosition, this.#forgotten + countUpTo(this.#records, t, (record) => record.t));
  }

  /** When the last of the first `position` records happened. */
  timeAt(position: number): HistoryTime {
    return this.#records[position - 1 - this.#forgotten]?.t ?? (position > this.#forgotten ? this.lastT : this.#firstT);
  }

  recordAt(order: number): HistoryRecord | undefined {
    return this.#records[order - this.#forgotten];
  }

  /** The records that are kept, oldest first. */
  get records(): readonly HistoryRecord[] {
    return this.#records;
  }

  scene(position: number = this.length): Scene {
    if (this.#scene?.version === this.version && this.#scene.scene.position === position) return this.#scene.scene;
    const actors: ActorView[] = [];
    for (const track of this.tracks.values()) if (track.isThere(position)) actors.push(track.at(position));
    const scene: Scene = { position, actors, byNumber: new Map(actors.map((view) => [view.actor, view])) };
    this.#scene = { scene, version: this.version };
    return scene;
  }

  /** The position before or behind this one where something happened, to one actor or to any. */
  step(position: number, direction: -1 | 1, actor: ActorNumber | null): number | null {
    const isStop = (record: HistoryRecord | undefined) =>
      record !== undefined &&
      (record.kind === "event" || record.kind === "actor" || record.kind === "gone") &&
      (actor === null || record.actor === actor);
    let from = position;
    // Facts of the same moment belong to the event: whoever steps back from there is at the event already.
    while (
      direction < 0 &&
      from > this.firstPosition &&
      !isStop(this.recordAt(from - 1)) &&
      this.timeAt(from - 1) === this.timeAt(position)
    )
      from -= 1;
    for (let next = from + direction; next >= this.firstPosition && next <= this.length; next += direction) {
      if (isStop(this.recordAt(next - 1))) return next;
    }
    return null;
  }

  /** The newest counters at a position. */
  countersUpTo(t: HistoryTime): readonly CountersRecord[] {
    const count = countUpTo(this.counters, t, (record) => record.t);
    return count === this.counters.length ? this.counters : this.counters.slice(0, count);
  }

  #take(heard: HistoryRecord): void {
    if (this.length === 0) this.#firstT = heard.t;
    if (heard.kind !== "counters" && heard.kind !== "facts") this.#beActive(heard.t);
    if (heard.kind === "output") {
      this.#print(heard);
      return;
    }
    // What is for one viewer alone may come a moment late; the order is that of the coming.
    const latest = this.#records.at(-1)?.t ?? heard.t;
    const record = heard.t < latest ? { ...heard, t: latest } : heard;
    const at: Placed = { order: this.length, t: record.t };
    this.#records.push(record);
    switch (record.kind) {
      case "actor":
        this.#know(record, at);
        break;
      case "event":
        this.tracks.get(record.actor)?.hear(record, at);
        break;
      case "facts":
        this.tracks.get(record.actor)?.learn(record.facts, at);
        break;
      case "gone":
        this.tracks.get(record.actor)?.leave(at);
        break;
      case "counters":
        this.counters.push(record);
        break;
      case "skipped":
        this.skips.push({ from: record.t, to: null, order: at.order, transitions: record.transitions });
        break;
      case "keyframe":
        this.#takeKeyframe(record.actors, at);
    }
  }

  #print(record: OutputRecord): void {
    const track = this.tracks.get(record.actor);
    if (track === undefined) return;
    track.print(record);
    this.#printers.push(track);
    this.#outputLength += record.base64.length;
  }

  /** An actor that was there before stays the same one: its past goes on. */
  #know(state: ActorState, at: Placed): boolean {
    const known = this.tracks.get(state.actor);
    if (known !== undefined) return known.anchor(state, at);
    this.tracks.set(state.actor, new Track(state, at));
    return true;
  }

  #takeKeyframe(actors: readonly ActorState[], at: Placed): void {
    const skip = this.skips.at(-1);
    const isMending = skip !== undefined && skip.to === null;
    if (isMending) skip.to = at.t;
    for (const state of actors) {
      const agrees = this.#know(state, at);
      if (!agrees && !isMending) this.divergences.push({ ...at, actor: state.actor });
    }
    const present = new Set(actors.map(({ actor }) => actor));
    for (const track of this.tracks.values()) if (!present.has(track.actor)) track.leave(at);
  }

  #beActive(t: HistoryTime): void {
    if (this.#activeAt !== null && t - this.#activeAt >= shortestGapMs) this.gaps.push({ from: this.#activeAt, to: t });
    this.#activeAt = Math.max(t, this.#activeAt ?? t);
  }

  #forget(order: number): void {
    const t = this.timeAt(order + 1);
    this.#records.splice(0, order - this.#forgotten);
    this.#forgotten = order;
    this.#firstT = t;
    for (const track of this.tracks.values()) {
      if (track.gone !== null && track.gone.order < order) this.#drop(track);
      else track.forget(order);
    }
    const isOld = ({ to }: Gap | Skip) => to !== null && to < t;
    for (const list of [this.gaps, this.skips]) list.splice(0, list.findLastIndex(isOld) + 1);
    this.counters.splice(
      0,
      countUpTo(this.counters, t - Number.EPSILON, (record) => record.t),
    );
  }

  #drop(track: Track): void {
    this.tracks.delete(track.actor);
    for (const { base64 } of track.outputs.splice(0)) this.#outputLength -= base64.length;
  }

  /** Forgets the oldest output until so much is left. */
  #forgetOutput(left: number): void {
    let count = 0;
    for (const track of this.#printers) {
      if (this.#outputLength <= left) break;
      this.#outputLength -= track.forgetOutput()?.base64.length ?? 0;
      count += 1;
    }
    this.#printers.splice(0, count);
  }
}
