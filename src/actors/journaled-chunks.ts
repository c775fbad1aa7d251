import type { JournalPlace, ProcessJournal } from "../ports/journal-store.ts";
import type { OutputStream } from "../protocol/process.ts";
import type { ChunkSpill, SpilledChunk } from "./chunk-spill.ts";
import type { ChunkStore } from "./chunk-store.ts";
import type { SpillBudget } from "./spill-budget.ts";

/** A chunk that is in the journal, and counts against the budget once memory has let go of it. */
export interface JournaledChunk {
  readonly place: JournalPlace;
  countedBytes: number;
}

/**
 * The output of a process that is journaled: every chunk is on disk from the first, so that memory may let go of it without
 * another write. Where the journal fails the process loses it whole, for half of it would contradict what the client
 * saw; it goes on as if there had been none.
 */
export class JournaledChunks implements ChunkStore {
  readonly #journal: ProcessJournal;
  readonly #spill: ChunkSpill;
  readonly #budget: SpillBudget;
  readonly #failed: (error: unknown) => void;
  #isOver = false;

  /** @param failed hears of what the disk refuses */
  constructor(journal: ProcessJournal, spill: ChunkSpill, budget: SpillBudget, failed: (error: unknown) => void) {
    this.#journal = journal;
    this.#spill = spill;
    this.#budget = budget;
    this.#failed = failed;
  }

  /** Writes to the journal, unless that has failed before, or been closed. */
  write<T>(how: (journal: ProcessJournal) => T): T | null {
    if (this.#isOver) return null;
    try {
      return how(this.#journal);
    } catch (error) {
      this.#isOver = true;
      this.#failed(error);
      this.disown();
      return null;
    }
  }

  /** No later executor shall find it. */
  disown(): void {
    this.#attempt((journal) => journal.disown());
  }

  record(seq: number, stream: OutputStream, bytes: Uint8Array): JournaledChunk | null {
    const place = this.write((journal) => journal.append(seq, stream, bytes));
    return place === null ? null : { place, countedBytes: 0 };
  }

  /** Takes over a chunk that an earlier executor has written, whatever the budget. */
  adopt(place: JournalPlace, length: number): JournaledChunk {
    return { place, countedBytes: this.#budget.take(length) ? length : 0 };
  }

  put(bytes: Uint8Array, chunk: JournaledChunk | SpilledChunk | null): JournaledChunk | SpilledChunk | null {
    if (chunk === null || !("place" in chunk)) return this.#spill.put(bytes);
    if (!this.#budget.take(bytes.length)) return null;
    chunk.countedBytes = bytes.length;
    return chunk;
  }

  get(chunk: JournaledChunk | SpilledChunk, length: number): Uint8Array {
    return "place" in chunk ? this.#journal.read(chunk.place, length) : this.#spill.get(chunk, length);
  }

  drop(chunk: JournaledChunk | SpilledChunk): void {
    if (!("place" in chunk)) return this.#spill.drop(chunk);
    this.#budget.give(chunk.countedBytes);
    this.#attempt((journal) => journal.drop(chunk.place));
  }

  /** From now on the journal stays as it is. */
  leave(): void {
    this.#isOver = true;
    this.#journal.close();
  }

  close(): void {
    this.leave();
    this.#spill.close();
  }

  /** What cannot be cleaned up is left lying there, and must not disturb the process. */
  #attempt(act: (journal: ProcessJournal) => void): void {
    try {
      act(this.#journal);
    } catch (error) {
      this.#failed(error);
    }
  }
}
