import type {
  JournaledExit,
  JournaledStart,
  ProcessJournal,
  RestoredProcess,
  SessionJournal,
} from "../ports/journal-store.ts";
import type { SpillStore } from "../ports/spill-store.ts";
import { ChunkSpill } from "./chunk-spill.ts";
import { JournaledChunks } from "./journaled-chunks.ts";
import { OutputLog, type OutputLogLimits } from "./output-log.ts";
import type { SpillBudget } from "./spill-budget.ts";

/** What the records of a session are kept in. */
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

/** Where the record of one process is kept: in memory, on disk and, if there is a journal, where a later executor finds it (03 D-8). */
export class RecordStore {
  readonly log: OutputLog;
  /** The exit, if an earlier executor saw it. */
  readonly earlierExit: JournaledExit | null;
  readonly #chunks: JournaledChunks | null;
  #isRetained = false;

  /** Of a process that begins. */
  static begin(start: JournaledStart, sessionJournal: SessionJournal | null, parts: RecordParts): RecordStore {
    const journal = begun(start, sessionJournal, parts);
    const chunks = journal === null ? null : journaled(journal, parts);
    return new RecordStore(new OutputLog(parts.limits, chunks ?? spillOf(parts)), null, chunks);
  }

  /** Of a process that an earlier executor has left. */
  static restored(process: RestoredProcess, parts: RecordParts): RecordStore {
    const chunks = journaled(process.journal, parts);
    const log = OutputLog.continued(parts.limits, chunks, {
      chunks: process.chunks.map(({ place, ...chunk }) => ({ ...chunk, stored: chunks.adopt(place, chunk.length) })),
      nextSeq: process.lastSeq + 1 + (process.isComplete ? 0 : leap),
    });
    return new RecordStore(log, process.exit, chunks);
  }

  private constructor(log: OutputLog, earlierExit: JournaledExit | null, chunks: JournaledChunks | null) {
    this.log = log;
    this.earlierExit = earlierExit;
    this.#chunks = chunks;
  }

  /** Its child runs. */
  spawned(pid: number): void {
    this.#chunks?.write((journal) => journal.spawned(pid));
  }

  /** It exited; to be said before anybody else hears of it. */
  exited(exit: JournaledExit): void {
    this.#chunks?.write((journal) => journal.exited(exit));
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
