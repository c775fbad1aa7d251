import {
  JournalError,
  type JournaledExit,
  type JournaledStart,
  type JournalPlace,
  type JournalStore,
  type ProcessJournal,
  type RestoredProcess,
  type RestoredSession,
  type SessionJournal,
} from "../src/ports/journal-store.ts";
import type { OutputStream } from "../src/protocol/process.ts";

interface WrittenChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

interface WrittenProcess {
  readonly start: JournaledStart;
  readonly chunks: Set<WrittenChunk>;
  lastSeq: number;
  exit: JournaledExit | null;
}

interface WrittenSession {
  readonly processes: Set<WrittenProcess>;
  readonly calls: string[];
}

/** A journal that outlives its executors in memory. What an executor of before tries to write goes nowhere. */
export class MemoryJournal implements JournalStore {
  /** Whether writing fails, as on a full disk. */
  isFull = false;
  /** Whether what is restored may lack its end, as after a restart of the machine. */
  isComplete = true;
  readonly #sessions = new Map<string, WrittenSession>();
  #executor = 0;

  /** The sessions that a later executor would find. */
  get sessions(): ReadonlyMap<string, WrittenSession> {
    return this.#sessions;
  }

  /** The processes of all of them. */
  get processes(): readonly WrittenProcess[] {
    return [...this.#sessions.values()].flatMap(({ processes }) => [...processes]);
  }

  restore(): readonly RestoredSession[] {
    this.#executor += 1;
    return [...this.#sessions].map(([sessionId, written]) => ({
      sessionId,
      journal: this.#session(sessionId, written),
      processes: [...written.processes].map((process) => this.#restored(written.processes, process)),
      calls: [...written.calls],
    }));
  }

  begin(sessionId: string): SessionJournal {
    this.#checkRoom();
    const written = { processes: new Set<WrittenProcess>(), calls: [] };
    this.#sessions.set(sessionId, written);
    return this.#session(sessionId, written);
  }

  #session(sessionId: string, written: WrittenSession): SessionJournal {
    const executor = this.#executor;
    return {
      begin: (start) => {
        this.#checkRoom();
        const process = { start, chunks: new Set<WrittenChunk>(), lastSeq: 0, exit: null };
        if (executor === this.#executor) written.processes.add(process);
        return this.#process(written.processes, process);
      },
      called: (key) => {
        this.#checkRoom();
        if (executor === this.#executor) written.calls.push(key);
      },
      remove: () => {
        if (executor === this.#executor) this.#sessions.delete(sessionId);
      },
    };
  }

  #process(ofSession: Set<WrittenProcess>, process: WrittenProcess): ProcessJournal {
    const executor = this.#executor;
    let isClosed = false;
    const isWritable = () => executor === this.#executor && !isClosed;
    return {
      spawned: () => this.#checkRoom(),
      append: (seq, stream, bytes) => {
        this.#checkRoom();
        const chunk = { seq, stream, bytes: bytes.slice() };
        if (isWritable()) {
          process.chunks.add(chunk);
          process.lastSeq = seq;
        }
        return { segment: chunk, offset: 0 };
      },
      exited: (exit) => {
        this.#checkRoom();
        if (!isWritable()) return;
        process.exit = exit;
        process.lastSeq = exit.seq;
      },
      read: (place) => chunkAt(place).bytes.slice(),
      drop: (place) => {
        if (isWritable()) process.chunks.delete(chunkAt(place));
      },
      disown: () => {
        if (isWritable()) ofSession.delete(process);
      },
      close: () => {
        isClosed = true;
      },
    };
  }

  #restored(ofSession: Set<WrittenProcess>, process: WrittenProcess): RestoredProcess {
    const { start, chunks, exit, lastSeq } = process;
    return {
      ...start,
      chunks: [...chunks].map((chunk) => {
        const { seq, stream, bytes } = chunk;
        return { seq, stream, length: bytes.length, place: { segment: chunk, offset: 0 } };
      }),
      exit,
      lastSeq,
      isComplete: this.isComplete,
      journal: this.#process(ofSession, process),
    };
  }

  #checkRoom(): void {
    if (this.isFull) throw new JournalError("the journal is full");
  }
}

function chunkAt({ segment }: JournalPlace): WrittenChunk {
  return segment as WrittenChunk; // every place of this journal was made so
}
