import type { JournaledExit, JournaledStart, JournalPlace, ProcessJournal } from "../../ports/journal-store.ts";
import type { OutputStream } from "../../protocol/process.ts";
import { identityOf } from "../spawn/survivors.ts";
import { attemptOn } from "./attempt-on.ts";
import type { JournalTime } from "./journal-time.ts";
import { OutputSegment } from "./output-segment.ts";
import { ProcessEntries } from "./process-entries.ts";

/** A file takes output until it has this size; when all its chunks are gone so is the file. */
export const segmentBytes = 4 * 1024 * 1024;

/** What an earlier executor has left of a process. */
export interface EarlierFiles {
  readonly segments: readonly OutputSegment[];
  /** The number that the next file of output gets. */
  readonly nextSegment: number;
}

/** The files of one process: `N.process`, and its output in `N.0.output`, `N.1.output` and so on, which go from the front. */
export class ProcessFiles implements ProcessJournal {
  readonly #path: string;
  readonly #time: JournalTime;
  readonly #entries: ProcessEntries;
  /** Those of which something is needed. */
  readonly #segments: Set<OutputSegment>;
  #current: OutputSegment | null = null;
  #nextSegment: number;
  #isDisowned = false;
  #isClosed = false;

  /** @param path that of the files, but for their endings */
  constructor(path: string, entries: ProcessEntries, time: JournalTime, earlier: EarlierFiles) {
    this.#path = path;
    this.#entries = entries;
    this.#time = time;
    this.#segments = new Set(earlier.segments);
    this.#nextSegment = earlier.nextSegment;
  }

  /** Of a process that begins. @throws JournalError */
  static begin(path: string, start: JournaledStart, time: JournalTime): ProcessFiles {
    const entries = attemptOn(path, () => ProcessEntries.create(entriesPath(path), start, time));
    return new ProcessFiles(path, entries, time, { segments: [], nextSegment: 0 });
  }

  spawned(pid: number): void {
    const child = identityOf(pid, this.#time.boot);
    if (child !== null) attemptOn(this.#path, () => this.#entries.add({ child }));
  }

  append(seq: number, stream: OutputStream, bytes: Uint8Array): JournalPlace {
    return attemptOn(this.#path, () => {
      const segment = this.#writable();
      return { segment, offset: segment.append(seq, stream, bytes, this.#time.now()) };
    });
  }

  exited(exit: JournaledExit): void {
    attemptOn(this.#path, () => this.#entries.add({ exit }));
  }

  read(place: JournalPlace, length: number): Uint8Array {
    return segmentOf(place).read(place.offset, length);
  }

  drop(place: JournalPlace): void {
    const segment = segmentOf(place);
    if (this.#isClosed || segment.drop()) return;
    if (segment === this.#current) this.#current = null;
    this.#segments.delete(segment);
    segment.close();
    attemptOn(this.#path, () => segment.unlink());
  }

  disown(): void {
    if (this.#isDisowned || this.#isClosed) return;
    this.#isDisowned = true;
    attemptOn(this.#path, () => {
      this.#entries.remove(); // first: output without them is nobody's
      for (const segment of this.#segments) segment.unlink();
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const segment of this.#segments) segment.close();
    this.#segments.clear();
  }

  #writable(): OutputSegment {
    if (this.#current !== null && this.#current.bytes < segmentBytes) return this.#current;
    const segment = OutputSegment.create(outputPath(this.#path, this.#nextSegment++));
    this.#segments.add(segment);
    this.#current = segment;
    return segment;
  }
}

/** Where the entries of a process are. */
export function entriesPath(path: string): string {
  return `${path}.process`;
}

/** Where a part of its output is. */
export function outputPath(path: string, number: number): string {
  return `${path}.${number}.output`;
}

function segmentOf({ segment }: JournalPlace): OutputSegment {
  if (!(segment instanceof OutputSegment)) throw new TypeError("a place of another journal");
  return segment;
}
