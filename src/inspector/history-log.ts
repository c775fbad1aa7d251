import type { AnyEventObject } from "xstate";
import type { Doing } from "./causes.ts";
import { rowFlags } from "./feed-format.ts";
import type { Hub, HubListener } from "./hub.ts";
import { Interned } from "./interned.ts";
import { Keyframe } from "./keyframe.ts";
import type { HeardEvent } from "./records.ts";
import { redactJson } from "./redaction.ts";
import { roundedTime, type SeenSnapshot, statusOf, type WatchedActor } from "./watched-actor.ts";

/** Bounds of what a hub remembers. */
export const historyLimits = {
  /** Records, transitions and all others together. A power of two. */
  records: 65_536,
  /** What records hold beside their row in the ring, in UTF-16 units: members of events, facts, keyframes. */
  sideText: 16 * 1024 * 1024,
  /** From one keyframe to the next; more where there are many actors, so that keyframes stay a small part of it. */
  keyframeEvery: 5_000,
  /** Actors that have ended stay in view so long, and so many of them. */
  lingerMs: 10_000,
  lingering: 1_024,
} as const;

const slots = historyLimits.records;
/** A keyframe that is not in words yet counts so much for each actor. */
const textPerActor = 300;
/** Event types and states are those of machines: there are a few hundred. */
const mostNames = 0xffff;
/** An estimate of what a record costs where it lies. */
const textPerRecord = 32;

/** What a row of the ring is. */
export const recordKind = { event: 0, other: 1, keyframe: 2 } as const;

/**
 * What happened, in order, as far back as it is remembered. Every record has a sequence number, from 0; transitions are rows of
 * typed arrays, all else, and what events carry, is text beside them. Secrets are left out before anything gets here.
 */
export class HistoryLog implements HubListener, Disposable {
  /** When `t` was 0, on the clock of the hub. */
  readonly beganMs: number;
  /** The types of events, and the methods of requests. */
  readonly names = new Interned(mostNames);
  /** State values as JSON; number 0 stands for "as before". */
  readonly states = new Interned(mostNames);
  readonly times = new Float64Array(slots);
  readonly actors = new Uint32Array(slots);
  readonly events = new Uint16Array(slots);
  readonly values = new Uint16Array(slots);
  /** `rowFlags`. */
  readonly flags = new Uint8Array(slots);
  readonly kinds = new Uint8Array(slots);
  /** Who led to the event, and, by its name's number and 1, with what; 0: nobody is known to. */
  readonly causers = new Uint32Array(slots);
  readonly causes = new Uint16Array(slots);
  readonly #hub: Hub;
  readonly #listening: Disposable;
  readonly #printed: (actor: WatchedActor) => void;
  /** By sequence number: the event with its members, or the whole record that is not an event. */
  readonly #texts = new Map<number, string>();
  readonly #keyframes = new Map<number, Keyframe>();
  readonly #lingering = new Map<WatchedActor, number>();
  #first = 0;
  #next = 0;
  #transitions = 0;
  #transitionsBeforeFirst = 0;
  #sideText = 0;
  #sinceKeyframe = 0;
  /** Their facts may have changed. */
  readonly stirred = new Set<WatchedActor>();

  /** @param printed hears when something has become of an actor that may have printed, while that is still kept */
  constructor(hub: Hub, beganMs: number = hub.clock.now(), printed: (actor: WatchedActor) => void = () => undefined) {
    this.#hub = hub;
    this.#printed = printed;
    this.beganMs = beganMs;
    this.states.numberOf("");
    this.#listening = hub.listen(this);
    for (const actor of hub.actors) this.stirred.add(actor);
    this.keyframe();
  }

  /** The sequence number of the oldest record that is remembered. */
  get first(): number {
    return this.#first;
  }

  /** The sequence number that the next record will get. */
  get next(): number {
    return this.#next;
  }

  /** How many transitions were ever recorded. */
  get transitions(): number {
    return this.#transitions;
  }

  /** How many of them are not remembered any more. */
  get forgotten(): number {
    return this.#transitionsBeforeFirst;
  }

  /** The present time of the history. */
  get now(): number {
    return roundedTime(this.#hub.clock.now() - this.beganMs);
  }

  /** The members of an event as JSON, or a record that is not one; `undefined`: the event has none. */
  textOf(seq: number): string | undefined {
    return this.#texts.get(seq);
  }

  /** The keyframe of a row that is one. */
  keyframeOf(seq: number): Keyframe {
    const keyframe = this.#keyframes.get(seq);
    if (keyframe === undefined) throw new RangeError(`record ${seq} is no keyframe that is remembered`);
    return keyframe;
  }

  /** The oldest keyframe at or after a sequence number; `null`: there is none. */
  keyframeSince(seq: number): number | null {
    for (const at of this.#keyframes.keys()) if (at >= seq) return at;
    return null;
  }

  /** Everything as it stands now, for a reader of its own: it is no record. */
  present(): Keyframe {
    return new Keyframe(this.now, this.beganMs, this.#inView());
  }

  created(actor: WatchedActor): void {
    const t = this.now;
    this.record(`{"kind":"actor","t":${t},${actor.stateText(this.beganMs, actor.snapshot, actor.facts)}}`, t, actor);
    this.stirred.add(actor);
  }

  transitioned(
    actor: WatchedActor,
    event: AnyEventObject,
    isTaken: boolean,
    former: SeenSnapshot,
    cause: Doing | null,
  ): void {
    const { value, status } = actor.snapshot;
    const type = this.names.numberOf(event.type);
    const state = this.#stateOf(value, former.value);
    const causeType = cause === null ? -1 : this.names.numberOf(cause.type);
    if (type === null || state === null || causeType === null) return this.#recordWhole(actor, event, isTaken, cause);
    const seq = this.#claim(recordKind.event, this.now, actor.number);
    const slot = seq % slots;
    this.events[slot] = type;
    this.values[slot] = state;
    const standing = statusOf(status);
    this.causers[slot] = cause?.actor.number ?? 0;
    this.causes[slot] = causeType + 1;
    this.flags[slot] = (isTaken ? rowFlags.taken : 0) | (standing === "active" ? 0 : rowFlags[standing]);
    const members = membersOf(event);
    if (members !== null) this.#keep(seq, members);
    this.#transitions += 1;
    this.stirred.add(actor);
    this.#afterRecord();
    if (actor.entity.keptOutput !== undefined) this.#printed(actor);
  }

  departed(actor: WatchedActor): void {
    this.#lingering.set(actor, this.#hub.clock.now());
    this.stirred.add(actor);
    if (this.#lingering.size > historyLimits.lingering) this.#dropOldest();
  }

  /** Lets those go that have been over for long enough. */
  letGo(): void {
    const beforeMs = this.#hub.clock.now() - historyLimits.lingerMs;
    for (const endedMs of this.#lingering.values()) {
      if (endedMs > beforeMs) return;
      this.#dropOldest();
    }
  }

  /** Adds a record that is not a transition, as its JSON. */
  record(text: string, t: number, actor?: WatchedActor): void {
    this.#keep(this.#claim(recordKind.other, t, actor?.number ?? 0), text);
    this.#afterRecord();
  }

  /** Adds a keyframe. */
  keyframe(): void {
    const keyframe = this.present();
    const seq = this.#claim(recordKind.keyframe, keyframe.t, 0);
    this.#keyframes.set(seq, keyframe);
    this.#sideText += keyframe.size * textPerActor;
    this.#sinceKeyframe = 0;
    this.#bound();
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #inView(): readonly WatchedActor[] {
    return [...this.#lingering.keys(), ...this.#hub.actors];
  }

  #dropOldest(): void {
    const oldest = this.#lingering.keys().next().value;
    if (oldest === undefined) return;
    this.#lingering.delete(oldest);
    this.stirred.delete(oldest);
    const t = this.now;
    this.record(`{"kind":"gone","t":${t},"actor":${oldest.number}}`, t, oldest);
  }

  #stateOf(value: object | string, former: object | string): number | null {
    if (value === former) return 0;
    const text = JSON.stringify(value);
    return text === JSON.stringify(former) ? 0 : this.states.numberOf(text);
  }

  /** Without numbers for names: there are more than any machine has. */
  #recordWhole(actor: WatchedActor, event: AnyEventObject, taken: boolean, cause: Doing | null): void {
    const { value, status } = actor.snapshot;
    const standing = statusOf(status);
    const t = this.now;
    const record = {
      kind: "event",
      t,
      actor: actor.number,
      event: redactJson(event) as HeardEvent,
      taken,
      ...(cause !== null && { because: { actor: cause.actor.number, type: cause.type } }),
      value,
      ...(standing === "active" ? {} : { status: standing }),
    };
    this.record(JSON.stringify(record), t, actor);
  }

  #claim(kind: number, t: number, actor: number): number {
    const seq = this.#next;
    if (seq - this.#first >= slots) this.#forgetFirst();
    const slot = seq % slots;
    this.kinds[slot] = kind;
    this.times[slot] = t;
    this.actors[slot] = actor;
    this.#next += 1;
    return seq;
  }

  #keep(seq: number, text: string): void {
    this.#texts.set(seq, text);
    this.#sideText += text.length + textPerRecord;
  }

  #afterRecord(): void {
    this.#sinceKeyframe += 1;
    if (this.#sinceKeyframe >= Math.max(historyLimits.keyframeEvery, 4 * this.#hub.size)) this.keyframe();
    else this.#bound();
  }

  /** The newest record always stays. */
  #bound(): void {
    while (this.#sideText > historyLimits.sideText && this.#first < this.#next - 1) this.#forgetFirst();
  }

  #forgetFirst(): void {
    const seq = this.#first;
    const text = this.#texts.get(seq);
    if (text !== undefined) {
      this.#texts.delete(seq);
      this.#sideText -= text.length + textPerRecord;
    }
    const keyframe = this.#keyframes.get(seq);
    if (keyframe !== undefined) {
      this.#keyframes.delete(seq);
      this.#sideText -= keyframe.size * textPerActor;
    }
    if (this.kinds[seq % slots] === recordKind.event) this.#transitionsBeforeFirst += 1;
    this.#first += 1;
  }
}

/** A heard event as JSON if it carries anything. */
function membersOf(event: AnyEventObject): string | null {
  for (const name in event) if (name !== "type") return JSON.stringify(redactJson(event));
  return null;
}
