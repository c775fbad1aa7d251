import {
  type AnswerMessage,
  type BatchMessage,
  type FeedMessage,
  type HelloMessage,
  rowFlags,
  rowNumbers,
} from "./feed-format.ts";
import type { ActorState, Cause, EventRecord, HeardEvent, HistoryRecord, StateValue } from "./records.ts";

/** What a message of the feed came to. */
export interface FeedNews {
  /** A connection has begun; unless it is `resumed`, what was known before does not count any more. */
  readonly hello: HelloMessage | null;
  /** In order. */
  readonly records: readonly HistoryRecord[];
  readonly answer: AnswerMessage | null;
}

const nothing: FeedNews = { hello: null, records: [], answer: null };

/** Turns what the feed of an inspector sends back into records. Pure: for the page, and for tests. */
export class FeedDecoder {
  #names: string[] = [];
  #states: StateValue[] = [];
  /** The parts of a keyframe that is not complete yet. */
  #actors: ActorState[] = [];
  #place: { readonly history: number; readonly at: number } | null = null;
  #history = 0;

  /** Where to go on after the loss of a connection, as the query of the next one: `?history=1&at=200`; at first nothing. */
  get resumption(): string {
    return this.#place === null ? "" : `?history=${this.#place.history}&at=${this.#place.at}`;
  }

  /** @param text a whole message, as the server sent it */
  decode(text: string): FeedNews {
    const message: FeedMessage = JSON.parse(text);
    switch (message.kind) {
      case "hello":
        this.#names = [];
        this.#states = [];
        this.#actors = [];
        this.#history = message.history;
        return { ...nothing, hello: message };
      case "batch":
        this.#place = { history: this.#history, at: message.at };
        return { ...nothing, records: this.#batch(message) };
      case "keyframe":
        this.#actors.push(...message.actors);
        if (!message.isLast) return nothing;
        this.#place = { history: this.#history, at: message.at };
        return { ...nothing, records: [{ kind: "keyframe", t: message.t, actors: this.#actors.splice(0) }] };
      case "records":
        return { ...nothing, records: message.records };
      case "answer":
        return { ...nothing, answer: message };
    }
  }

  #batch({ names, states, t, rows, heard, because, others }: BatchMessage): HistoryRecord[] {
    this.#names.push(...names);
    this.#states.push(...states);
    const records: HistoryRecord[] = [];
    const members = new Map(heard);
    const causes = new Map(because.map(([row, actor, name]) => [row, { actor, type: this.#names[name] ?? "" }]));
    const count = rows.length / rowNumbers;
    let other = 0;
    let micros = 0;
    for (let row = 0; row <= count; row += 1) {
      for (let next = others[other]; next !== undefined && next[0] === row; next = others[other]) {
        records.push(next[1]);
        other += 1;
      }
      if (row === count) break;
      micros += rows[row * rowNumbers] ?? 0;
      records.push(this.#event(rows, row, (Math.round(t * 1_000) + micros) / 1_000, members.get(row), causes.get(row)));
    }
    return records;
  }

  #event(
    rows: readonly number[],
    row: number,
    t: number,
    heard: HeardEvent | undefined,
    because: Cause | undefined,
  ): EventRecord {
    const [actor = 0, event = 0, state = 0, flags = 0] = rows.slice(row * rowNumbers + 1, (row + 1) * rowNumbers);
    const value = state === 0 ? undefined : this.#states[state - 1];
    return {
      kind: "event",
      t,
      actor,
      event: heard ?? { type: this.#names[event] ?? "" },
      taken: (flags & rowFlags.taken) !== 0,
      ...(because !== undefined && { because }),
      ...(value !== undefined && { value }),
      ...((flags & rowFlags.done) !== 0 && { status: "done" as const }),
      ...((flags & rowFlags.error) !== 0 && { status: "error" as const }),
    };
  }
}
