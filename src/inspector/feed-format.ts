import type { ActorState, HeaderRecord, HeardEvent, HistoryRecord, StateValue } from "./records.ts";

/**
 * What the feed of an inspector sends, a websocket text message each. Records of `records.ts` in a shape that is small and quick
 * to make: `FeedDecoder` turns them back. Pure, and for the page too.
 */
export type FeedMessage = HelloMessage | BatchMessage | KeyframeMessage | RecordsMessage | AnswerMessage;

/** The first message of each connection. */
export interface HelloMessage {
  readonly kind: "hello";
  readonly v: 1;
  /** Counts the histories of this program: a later one does not go on where an earlier one ended. */
  readonly history: number;
  /** Does what follows go on where the viewer said that it was? If not, it begins anew, and a keyframe comes next. */
  readonly resumed: boolean;
  /** May the viewer do more than look? */
  readonly control: boolean;
  readonly header: HeaderRecord;
}

/** How many numbers of `rows` tell of one event. */
export const rowNumbers = 5;

/** The bits of the last number of a row. */
export const rowFlags = { taken: 1, done: 2, error: 4 } as const;

/** Some transitions, and what happened between them. */
export interface BatchMessage {
  readonly kind: "batch";
  /** Where to go on after this. */
  readonly at: number;
  /** New names of event types and of requests; they get the next numbers, from 0. */
  readonly names: readonly string[];
  /** New states; they get the next numbers, from 1: 0 says that the states are what they were. */
  readonly states: readonly StateValue[];
  /** The time of the first row. */
  readonly t: number;
  /** By event: microseconds since the row before, actor, number of the event type, number of the state, flags. */
  readonly rows: readonly number[];
  /** Those events that carry more than a type, by their place among the rows. */
  readonly heard: readonly (readonly [row: number, event: HeardEvent])[];
  /** What led to those events of which that is known: the place among the rows, an actor, and the number of a name. */
  readonly because: readonly (readonly [row: number, actor: number, name: number])[];
  /** Records that are no events, with the number of rows before each. */
  readonly others: readonly (readonly [rows: number, record: HistoryRecord])[];
}

/** A part of a keyframe; they come one after the other. */
export interface KeyframeMessage {
  readonly kind: "keyframe";
  readonly at: number;
  readonly t: number;
  readonly actors: readonly ActorState[];
  readonly isLast: boolean;
}

/** Records that are for this viewer alone: the output of what it follows, or that it was too slow. */
export interface RecordsMessage {
  readonly kind: "records";
  readonly records: readonly HistoryRecord[];
}

/** What became of a request of the viewer. */
export interface AnswerMessage {
  readonly kind: "answer";
  /** The id that the request had; `null`: it had none that could be read. */
  readonly id: number | null;
  /** Why it was refused, or failed; absent: it was done. */
  readonly error?: string;
}
