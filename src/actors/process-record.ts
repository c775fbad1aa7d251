import type { JournaledStart, ProcessJournal, RestoredProcess, SessionJournal } from "../ports/journal-store.ts";
import type { SpillStore } from "../ports/spill-store.ts";
import { ChunkSpill } from "./chunk-spill.ts";
import { JournaledChunks } from "./journaled-chunks.ts";
import { OutputLog, type OutputLogLimits } from "./output-log.ts";
import type { SpillBudget } from "./spill-budget.ts";

/** What records are made of. */
export interface RecordParts {
  readonly limits: OutputLogLimits;
  readonly spill: SpillStore;
  readonly budget: SpillBudget;
  /** Hears of a journal that cannot be written; the process goes on without. */
  readonly journalFailed: (error: unknown) => void;
}

/**
 * So many numbers are left out where clients may have seen some that nobody knows of: they find a gap, and never take one
 * event for another.
 */
const leap = 2 ** 24;

/** What is kept of a process: its numbered output and, if there is a journal, what a later executor needs (03 D-8). */
export class ProcessRecord {
  readonly log: OutputLog;
  /** The number of the exit, if an earlier executor saw it. */
  readonly exitSeq: number | null;
  readonly #chunks: JournaledChunks | null;
  #isRetained = false;

  /** Of a process that begins. */
  static begin(start: JournaledStart, sessionJournal: SessionJournal | null, parts: RecordParts): ProcessRecord {
    const journal = begun(start, sessionJournal, parts);
    const chunks = journal === null ? null : journaled(journal, parts);
    return new ProcessRecord(new OutputLog(parts.limits, chunks ?? spillOf(parts)), null, chunks);
  }

  /** Of a process that an earlier executor has left. */
  static restored(process: RestoredProcess, parts: RecordParts): ProcessRecord {
    const chunks = journaled(process.journal, parts);
    const log = OutputLog.continued(parts.limits, chunks, {
      chunks: process.chunks.map(({ place, ...chunk }) => ({ ...chunk, stored: chunks.adopt(place, chunk.length) })),
      nextSeq: process.lastSeq + 1 + (process.isComplete ? 0 : leap),
    });
    return new ProcessRecord(log, process.exit?.seq ?? null, chunks);
  }

  private constructor(log: OutputLog, exitSeq: number | null, chunks: JournaledChunks | null) {
    this.log = log;
    this.exitSeq = exitSeq;
    this.#chunks = chunks;
  }

  /** Its child runs. */
  spawned(pid: number): void {
    this.#chunks?.write((journal) => journal.spawned(pid));
  }

  /** It exited; to be said before anybody else hears of it. */
  exited(seq: number, exitCode: number): void {
    this.#chunks?.write((journal) => journal.exited(seq, exitCode));
  }

  /** The executor stops: what is written stays for the next one. */
  retain(): void {
    this.#isRetained = true;
  }

  /** It never ran: there is nothing to keep, for anybody. */
  discard(): void {
    this.#isRetained = false;
  }

  /** Nobody asks any more. */
  close(): void {
    if (this.#isRetained) this.#chunks?.leave();
    else this.#chunks?.disown();
    this.log.close();
  }
}

function spillOf({ spill, budget }: RecordParts): ChunkSpill {
  return new ChunkSpill(spill, budget);
}

function journaled(journal: ProcessJournal, parts: RecordParts): JournaledChunks {
  return new JournaledChunks(journal, spillOf(parts), parts.budget, parts.journalFailed);
}

function begun(start: JournaledStart, journal: SessionJournal | null, parts: RecordParts): ProcessJournal | null {
  try {
    return journal?.begin(start) ?? null;
  } catch (error) {
    parts.journalFailed(error);
    return null;
  }
}
