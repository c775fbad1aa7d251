import type { HistoryLog } from "./history-log.ts";
import { HistoryReader } from "./history-reader.ts";
import type { Hub } from "./hub.ts";
import { OutputTap } from "./output-tap.ts";
import { recordText } from "./record-text.ts";
import type { HeaderRecord } from "./records.ts";
import type { WatchedActor } from "./watched-actor.ts";

/** How much output a recording holds; what is beyond that is not in it. */
export const recordedOutput = {
  /** Of each process, from its first byte on. */
  bytesPerProcess: 1024 * 1024,
  /** Of all processes together. */
  bytes: 64 * 1024 * 1024,
  /** Of one process at one look. */
  bytesAtOnce: 256 * 1024,
} as const;

/** Puts a history into lines as it goes on: the header first, then whatever happens, and what processes print. */
export class RecordingLines {
  readonly #log: HistoryLog;
  readonly #hub: Hub;
  readonly #reader: HistoryReader;
  readonly #taps = new WeakMap<WatchedActor, OutputTap>();
  #header: (() => HeaderRecord) | null;
  #outputBytes = 0;

  /** @param header is asked for at the first look: only then the program may know what it is called */
  constructor(header: () => HeaderRecord, log: HistoryLog, hub: Hub) {
    this.#header = header;
    this.#log = log;
    this.#hub = hub;
    this.#reader = new HistoryReader(log);
  }

  /** What has happened since, and what was printed, each with its line end; ends when everything has been told. */
  *read(): Generator<string, void> {
    yield* this.#happened();
    for (const actor of this.#hub.actors) {
      if (actor.entity.keptOutput !== undefined) yield* this.#outputOf(actor);
    }
  }

  /** As `read`, and then all output of one process that is still kept: its end is near. */
  *readPrinted(actor: WatchedActor): Generator<string, void> {
    yield* this.#happened();
    let pieces = 0;
    do {
      pieces = 0;
      for (const line of this.#outputOf(actor)) {
        pieces += 1;
        yield line;
      }
    } while (pieces > 0);
  }

  *#happened(): Generator<string, void> {
    if (this.#header !== null) yield `${JSON.stringify(this.#header())}\n`;
    this.#header = null;
    for (let passage = this.#reader.next(); passage !== null; passage = this.#reader.next()) {
      if (passage.kind === "records") {
        for (let seq = passage.from; seq < passage.to; seq += 1) yield `${recordText(this.#log, seq)}\n`;
      } else if (passage.kind === "skipped") yield `${JSON.stringify(passage)}\n`;
      else if (passage.isLast) yield `${passage.keyframe.text}\n`;
    }
  }

  *#outputOf(actor: WatchedActor): Generator<string, void> {
    if (this.#outputBytes >= recordedOutput.bytes) return;
    let tap = this.#taps.get(actor);
    if (tap === undefined) {
      tap = new OutputTap(actor, { mostBytes: recordedOutput.bytesPerProcess });
      this.#taps.set(actor, tap);
    }
    for (const record of tap.take(this.#log.now, recordedOutput.bytesAtOnce)) {
      this.#outputBytes += record.base64.length * 0.75;
      yield `${JSON.stringify(record)}\n`;
    }
  }
}
