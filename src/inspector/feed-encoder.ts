import { type HistoryLog, historyLimits, recordKind } from "./history-log.ts";
import type { Passage } from "./history-reader.ts";

/** Puts passages of a history into messages of the feed, for one viewer, who gets each name once. */
export class FeedEncoder {
  readonly #log: HistoryLog;
  #names = 0;
  #states = 1;

  constructor(log: HistoryLog) {
    this.#log = log;
  }

  /** The message of a passage, as JSON. */
  encode(passage: Passage): string {
    switch (passage.kind) {
      case "records":
        return this.#batch(passage.from, passage.to);
      case "keyframe": {
        const { keyframe, slice, isLast, next } = passage;
        return `{"kind":"keyframe","at":${next},"t":${keyframe.t},"actors":[${keyframe.slice(slice)}],"isLast":${isLast}}`;
      }
      case "skipped":
        return `{"kind":"records","records":[${JSON.stringify(passage)}]}`;
    }
  }

  #batch(from: number, to: number): string {
    const log = this.#log;
    const { times, actors, events, values, flags, kinds, causers, causes } = log;
    const rows: number[] = [];
    const heard: string[] = [];
    const because: string[] = [];
    const others: string[] = [];
    let count = 0;
    let firstMicros = 0;
    let lastMicros = 0;
    for (let seq = from; seq < to; seq += 1) {
      const slot = seq % historyLimits.records;
      const text = log.textOf(seq);
      if (kinds[slot] !== recordKind.event) {
        others.push(`[${count},${text}]`);
        continue;
      }
      const micros = Math.round((times[slot] ?? 0) * 1_000);
      if (count === 0) firstMicros = lastMicros = micros;
      rows.push(micros - lastMicros, actors[slot] ?? 0, events[slot] ?? 0, values[slot] ?? 0, flags[slot] ?? 0);
      if (text !== undefined) heard.push(`[${count},${text}]`);
      const cause = causes[slot] ?? 0;
      if (cause > 0) because.push(`[${count},${causers[slot]},${cause - 1}]`);
      lastMicros = micros;
      count += 1;
    }
    const names = JSON.stringify(log.names.since(this.#names));
    const states = `[${log.states.since(this.#states).join()}]`;
    this.#names = log.names.size;
    this.#states = log.states.size;
    return `{"kind":"batch","at":${to},"names":${names},"states":${states},"t":${firstMicros / 1_000},"rows":[${rows.join()}],"heard":[${heard.join()}],"because":[${because.join()}],"others":[${others.join()}]}`;
  }
}
