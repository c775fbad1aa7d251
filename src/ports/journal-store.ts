import { ProctorError, type ProctorErrorOptions } from "../protocol/errors.ts";
import type { OutputStream, ResourceUsage } from "../protocol/process.ts";
import type { ChildSpec } from "./process-host.ts";

/**
 * Where an executor writes down its sessions, so that they outlive it (03 D-8 c). Everything is synchronous: what a client
 * hears of has been written before, so no number that it saw can come to mean anything else.
 */
export interface JournalStore {
  /**
   * Reads what an earlier executor left, once, before anything is begun. Whatever still runs of its children is killed
   * first. What is damaged costs its own process or session alone, and is reported.
   */
  restore(report: (damage: JournalError) => void): readonly RestoredSession[];
  /** Begins a session. @throws JournalError when it cannot be written. */
  begin(sessionId: string): SessionJournal;
}

/** The journal of one session. */
export interface SessionJournal {
  /** Begins a process, before its child is started. @throws JournalError when it cannot be written. */
  begin(process: JournaledStart): ProcessJournal;
  /**
   * A call that changes something, and must not be made twice, is about to be made; its key. At least the last 1,024 are kept.
   * @throws JournalError as `begin` does.
   */
  called(key: string): void;
  /** The session is over, and so is each of its processes: nothing of it is left. @throws JournalError as `begin` does. */
  remove(): void;
}

/** What identifies a process to its client. */
export interface JournaledStart {
  readonly processId: string;
  readonly startId: string | null;
  readonly stdin: ChildSpec["stdin"];
}

/** How a process exited, as every later reader is told. */
export interface JournaledExit {
  readonly seq: number;
  readonly exitCode: number;
  /** Was its time limit over before? */
  readonly timedOut: boolean;
  /** What it used; `null` where the host cannot tell. */
  readonly usage: ResourceUsage | null;
  /** Why it never ran (05 SB-Q6). */
  readonly failure?: string | undefined;
  /** Does its end look like the work of its sandbox? (05 SB-D6) */
  readonly sandboxDenied?: boolean | undefined;
}

/** The journal of one process. Its methods throw a {@link JournalError} when the disk is full or fails. */
export interface ProcessJournal {
  /** Its child runs, under this OS process id. */
  spawned(pid: number): void;
  /** It printed; gives the place where that stays until it is dropped. */
  append(seq: number, stream: OutputStream, bytes: Uint8Array): JournalPlace;
  /** It exited. Its close needs no entry: it is the event behind the last one. */
  exited(exit: JournaledExit): void;
  /** Reads a chunk. */
  read(place: JournalPlace, length: number): Uint8Array;
  /** A chunk is not needed any more. */
  drop(place: JournalPlace): void;
  /** No later executor shall find it. What was appended can be read until it is closed. */
  disown(): void;
  /** Lets go of what is held open; what was written stays where it is, unless disowned. Idempotent. */
  close(): void;
}

/** Where a chunk lies; the journal that gave it knows what it means. */
export interface JournalPlace {
  readonly segment: object;
  readonly offset: number;
}

/** A session that an earlier executor has left. */
export interface RestoredSession {
  readonly sessionId: string;
  readonly processes: readonly RestoredProcess[];
  /** The keys of the calls that were made, oldest first. */
  readonly calls: readonly string[];
  readonly journal: SessionJournal;
}

/** A process that an earlier executor has left; its child is dead. */
export interface RestoredProcess extends JournaledStart {
  /** The retained output, by ascending number. */
  readonly chunks: readonly RestoredChunk[];
  /** The highest number that is known to be taken. */
  readonly lastSeq: number;
  /** `null`: its executor did not live to see it. */
  readonly exit: JournaledExit | null;
  /**
   * Whether `lastSeq` is certainly the last number that any client saw. It is not when the machine was restarted, which loses
   * what was not on the disk itself, nor after damage.
   */
  readonly isComplete: boolean;
  /** The rest of its story goes here. */
  readonly journal: ProcessJournal;
}

/** A retained chunk, but for its bytes. */
export interface RestoredChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly length: number;
  readonly place: JournalPlace;
}

/** The journal cannot be used, or a part of it cannot; the message names the file. */
export class JournalError extends ProctorError {
  constructor(message: string, options: ProctorErrorOptions = {}) {
    super("journal", message, options);
  }
}
