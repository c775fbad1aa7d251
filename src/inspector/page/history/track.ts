import type {
  ActorNumber,
  ActorState,
  EventRecord,
  Facts,
  HistoryTime,
  Json,
  OutputRecord,
  StateValue,
} from "../../records.ts";
import { isQuiet } from "./importance.ts";
import { countUpTo, lastUpTo } from "./sorted.ts";
import { nameState, type Tone } from "./state-name.ts";

/** Something of a history with its place in it: `order` counts the records from 0. */
export interface Placed {
  readonly order: number;
  readonly t: HistoryTime;
}

/** From here on the actor is in these states. */
export interface Turn extends Placed {
  readonly value: StateValue;
  readonly status: "active" | "done" | "error";
}

/** From here on a person calls its state so: a bar of its lane. */
export interface Stay extends Placed {
  readonly name: string;
  readonly tone: Tone;
}

/** An event as the actor heard it. */
export interface Heard extends Placed {
  readonly record: EventRecord;
}

/** Where everything about the actor was known: replay begins here. */
export interface Anchor extends Turn {
  readonly context: Json;
}

interface KnownFacts extends Placed {
  readonly facts: Facts;
}

/** An actor at one moment. */
export interface ActorView {
  readonly actor: ActorNumber;
  readonly machine: string;
  readonly name: string;
  readonly owner: ActorNumber | null;
  /** When it was created; before the history began, if it is older. */
  readonly since: HistoryTime;
  readonly status: "active" | "done" | "error";
  readonly value: StateValue;
  readonly state: string;
  readonly tone: Tone;
  /** Since when it is in that state. */
  readonly stateSince: HistoryTime;
  readonly facts: Facts;
  /** Events so far that no transition answered, without the quiet ones. */
  readonly ignored: number;
  /** Events so far. */
  readonly heard: number;
  readonly lastEventAt: HistoryTime | null;
}

const orderOf = ({ order }: Placed) => order;

/** The past of one actor. Everything in it is sorted by order. */
export class Track {
  readonly actor: ActorNumber;
  readonly machine: string;
  readonly name: string;
  readonly owner: ActorNumber | null;
  readonly since: HistoryTime;
  /** Where it enters the history. */
  readonly born: Placed;
  readonly turns: Turn[] = [];
  readonly stays: Stay[] = [];
  readonly events: Heard[] = [];
  /** What it printed, by time. It has no place among the records: the page hears of it later than of events. */
  readonly outputs: OutputRecord[] = [];
  readonly anchors: Anchor[] = [];
  /** Where it left the history. */
  gone: Placed | null = null;
  /** Has output been let go that had come? */
  isOutputCut = false;
  readonly #facts: KnownFacts[] = [];
  readonly #ignored: Placed[] = [];
  /** Events of before the kept past. */
  #forgotten = { heard: 0, ignored: 0 };
  #view: { view: ActorView; from: number; before: number } | null = null;

  constructor(state: ActorState, at: Placed) {
    this.actor = state.actor;
    this.machine = state.machine;
    this.name = state.name;
    this.owner = state.owner;
    this.since = state.since;
    this.born = at;
    this.anchor(state, at);
  }

  /** Takes in that everything is known here. Gives whether it is what the events before led to. */
  anchor({ value, status, context, facts }: ActorState, at: Placed): boolean {
    const known = this.turns.at(-1);
    const agrees = known === undefined || (known.status === status && isSameValue(known.value, value));
    this.anchors.push({ ...at, value, status, context });
    if (known === undefined || !agrees) this.#turn(value, status, at);
    this.#facts.push({ ...at, facts });
    this.#view = null;
    return agrees;
  }

  hear(record: EventRecord, at: Placed): void {
    this.events.push({ ...at, record });
    if (!record.taken && !isQuiet(record.event.type)) this.#ignored.push(at);
    const { value, status } = this.turns.at(-1) ?? { value: record.value ?? "", status: "active" };
    if (record.value !== undefined || record.status !== undefined) {
      this.#turn(record.value ?? value, record.status ?? status, at);
    }
    this.#view = null;
  }

  learn(facts: Facts, at: Placed): void {
    this.#facts.push({ ...at, facts: { ...this.#facts.at(-1)?.facts, ...facts } });
    this.#view = null;
  }

  print(record: OutputRecord): void {
    const place = countUpTo(this.outputs, record.t, ({ t }) => t);
    this.outputs.splice(place, 0, record);
  }

  leave(at: Placed): void {
    this.gone ??= at;
  }

  /** Is it there once the first `position` records have happened? */
  isThere(position: number): boolean {
    return this.born.order < position && (this.gone === null || this.gone.order >= position);
  }

  /** The actor once the first `position` records have happened; it must have been born by then. */
  at(position: number): ActorView {
    const last = position - 1;
    if (this.#view !== null && this.#view.from <= last && last < this.#view.before) return this.#view.view;
    const turns = countUpTo(this.turns, last, orderOf);
    const turn = this.turns[Math.max(0, turns - 1)];
    const stay = lastUpTo(this.stays, last, orderOf) ?? this.stays[0];
    const heard = countUpTo(this.events, last, orderOf);
    const facts = countUpTo(this.#facts, last, orderOf);
    if (turn === undefined || stay === undefined) throw new RangeError(`actor ${this.actor} is not there yet`);
    const view: ActorView = {
      actor: this.actor,
      machine: this.machine,
      name: this.name,
      owner: this.owner,
      since: this.since,
      status: turn.status,
      value: turn.value,
      state: stay.name,
      tone: stay.tone,
      stateSince: stay.order === this.born.order ? Math.min(stay.t, this.since) : stay.t,
      facts: this.#facts[Math.max(0, facts - 1)]?.facts ?? {},
      ignored: this.#forgotten.ignored + countUpTo(this.#ignored, last, orderOf),
      heard: this.#forgotten.heard + heard,
      lastEventAt: this.events[heard - 1]?.t ?? null,
    };
    // It stays so until the next record of this actor.
    const before = Math.min(
      ...[this.turns[turns], this.events[heard], this.#facts[facts]].map(
        (next) => next?.order ?? Number.POSITIVE_INFINITY,
      ),
    );
    this.#view = { view, from: last, before };
    return view;
  }

  /** The events among the first `position` records of the history. */
  eventsUpTo(position: number): readonly Heard[] {
    const count = countUpTo(this.events, position - 1, orderOf);
    return count === this.events.length ? this.events : this.events.slice(0, count);
  }

  /** The states after an event: those of the last turn up to it. */
  valueAfter(order: number): StateValue | undefined {
    return lastUpTo(this.turns, order, orderOf)?.value;
  }

  stateAfter(order: number): Stay | undefined {
    return lastUpTo(this.stays, order, orderOf);
  }

  /** The last place up to `position` where its context was known, and what it heard from there on. */
  replayFrom(position: number): { readonly anchor: Anchor; readonly events: readonly EventRecord[] } | null {
    const anchor = lastUpTo(this.anchors, position - 1, orderOf);
    if (anchor === undefined) return null;
    const events = this.events.slice(
      countUpTo(this.events, anchor.order, orderOf),
      countUpTo(this.events, position - 1, orderOf),
    );
    return { anchor, events: events.map(({ record }) => record) };
  }

  /** Forgets what happened before a place, except how things stood there. */
  forget(order: number): void {
    const events = countUpTo(this.events, order - 1, orderOf);
    const ignored = countUpTo(this.#ignored, order - 1, orderOf);
    this.#forgotten = { heard: this.#forgotten.heard + events, ignored: this.#forgotten.ignored + ignored };
    this.events.splice(0, events);
    this.#ignored.splice(0, ignored);
    // Replay from an anchor takes every event since: it is of no use once one of them is forgotten.
    if (events > 0) this.anchors.splice(0, countUpTo(this.anchors, order - 1, orderOf));
    for (const list of [this.turns, this.stays, this.#facts])
      list.splice(0, Math.max(0, countUpTo<Placed>(list, order - 1, orderOf) - 1));
    this.#view = null;
  }

  /** Forgets its oldest piece of output, and gives it. */
  forgetOutput(): OutputRecord | undefined {
    this.isOutputCut = true;
    return this.outputs.shift();
  }

  #turn(value: StateValue, status: Turn["status"], at: Placed): void {
    this.turns.push({ ...at, value, status });
    const { name, tone } = nameState(this.machine, value, status);
    const known = this.stays.at(-1);
    if (known?.name !== name || known.tone !== tone) this.stays.push({ ...at, name, tone });
  }
}

function isSameValue(a: StateValue, b: StateValue): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => {
      const [left, right] = [a[name], b[name]];
      return left !== undefined && right !== undefined && isSameValue(left, right);
    })
  );
}
