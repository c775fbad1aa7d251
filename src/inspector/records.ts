/**
 * What a recording holds, a line each, and what the feed carries to the page: the one history that a person looks at, live or
 * later. Pure data: this file is read by the server, by the page and by whoever writes recordings.
 */

/** Milliseconds since the recording began, with fractions. */
export type HistoryTime = number;

/** Names an actor within one history: counted from 1, never used again. */
export type ActorNumber = number;

/** What `JSON.parse` can give. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/** The active states, as XState writes them: `"Closed"`, or `{ Live: { child: "Running", stdin: "Open" } }`. */
export type StateValue = string | { readonly [state: string]: StateValue };

/**
 * An event as a machine heard it, without secrets. Timers are `xstate.after.*`. Results of invoked actors are `xstate.done.actor.*` with
 * `output`, and `xstate.error.actor.*` with an `error` that is written as an object: its `message`, and what else guards ask of it.
 */
export interface HeardEvent {
  readonly type: string;
  readonly [member: string]: Json;
}

/** What is known of an entity beside its machine, to be shown as it stands: `argv`, `cwd`, `pid`, `lastSeq`, `retainedBytes`. */
export type Facts = { readonly [name: string]: Json };

/** The first line of a recording. */
export interface HeaderRecord {
  readonly kind: "header";
  /** The version of this format. */
  readonly v: 1;
  /** The version of Proctor that wrote it. */
  readonly proctor: string;
  readonly side: "executor" | "client" | "simulation";
  /** What a person calls it: `executor ws://127.0.0.1:7070`, `simulation, seed 42`. */
  readonly title: string;
  /** When `t` was 0, as an ISO date; that of a simulation is made up. */
  readonly startedAt: string;
  /** The machines by name, with a hash of their definition: a page whose machine differs cannot replay it, and says so. */
  readonly machines: Readonly<Record<string, string>>;
}

/** An actor as it stands: when it is created, and again in each keyframe. */
export interface ActorState {
  readonly actor: ActorNumber;
  /** A key of `machines`. */
  readonly machine: string;
  /** What a person calls it: `session 7f3a21bc`, `process build-1`. */
  readonly name: string;
  /** Who owns it: the session of a process, the link of a remote process; `null` for the roots. */
  readonly owner: ActorNumber | null;
  /** When it was created; before 0 if the history began later. */
  readonly since: HistoryTime;
  /** `done` in a final state, `error` when the machine itself failed. */
  readonly status: "active" | "done" | "error";
  readonly value: StateValue;
  /** Without secrets. With `value` it is what the machine goes on from when the page replays. */
  readonly context: Json;
  readonly facts: Facts;
}

export interface ActorRecord extends ActorState {
  readonly kind: "actor";
  readonly t: HistoryTime;
}

/** What an actor was doing when another one heard an event: handling an event of its own, or a request of its peer. */
export interface Cause {
  readonly actor: ActorNumber;
  /** The type of that event, or the method of that request. */
  readonly type: string;
}

/** An actor heard an event. */
export interface EventRecord {
  readonly kind: "event";
  readonly t: HistoryTime;
  readonly actor: ActorNumber;
  readonly event: HeardEvent;
  /** Did a transition answer it? `false`: it was ignored, and changed nothing. */
  readonly taken: boolean;
  /** What led to it at once. Absent: it came from the world, as timers, children and the network do, or later. */
  readonly because?: Cause;
  /** Where it is now; absent when the states are what they were. */
  readonly value?: StateValue;
  /** Absent while it is active. */
  readonly status?: "done" | "error";
}

/** Some facts of an actor changed; others stand. */
export interface FactsRecord {
  readonly kind: "facts";
  readonly t: HistoryTime;
  readonly actor: ActorNumber;
  readonly facts: Facts;
}

/** A piece of what a process printed. Its machine hears nothing of it; it is kept for the terminal of the page. */
export interface OutputRecord {
  readonly kind: "output";
  readonly t: HistoryTime;
  readonly actor: ActorNumber;
  readonly stream: "stdout" | "stderr" | "pty";
  readonly base64: string;
  /** The number of this event among those of its process, where it is known: whoever asks again can go on behind it. */
  readonly seq?: number;
}

/** Nobody holds the actor any more: it leaves the page. */
export interface GoneRecord {
  readonly kind: "gone";
  readonly t: HistoryTime;
  readonly actor: ActorNumber;
}

/** How the whole program does, about once a second. */
export interface CountersRecord {
  readonly kind: "counters";
  readonly t: HistoryTime;
  /** By name, units in the name: `memoryBytes`, `processes`, `sessions`, `connections`, `outputBytesPerSecond`, `queuedBytes`. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Everything as it stands: where replay begins. The first one of a history says what existed before it. */
export interface KeyframeRecord {
  readonly kind: "keyframe";
  readonly t: HistoryTime;
  readonly actors: readonly ActorState[];
}

/** Between here and the keyframe that follows, transitions are missing: the viewer was too slow, or the history too full. */
export interface SkippedRecord {
  readonly kind: "skipped";
  readonly t: HistoryTime;
  readonly transitions: number;
}

/** Whatever happens in a history, in the order of `t`. */
export type HistoryRecord =
  | ActorRecord
  | EventRecord
  | FactsRecord
  | OutputRecord
  | GoneRecord
  | CountersRecord
  | KeyframeRecord
  | SkippedRecord;

/** A line of a recording. */
export type RecordingLine = HeaderRecord | HistoryRecord;
