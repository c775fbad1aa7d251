import type { Clock } from "../ports/clock.ts";
import type { JournaledExit } from "../ports/journal-store.ts";
import { OutputPage } from "../protocol/output-page.ts";
import type { OutputStream } from "../protocol/process.ts";
import type { LoggedChunk, LogPage, OutputLog } from "./output-log.ts";
import type { RecordStore } from "./record-store.ts";
import { Waiters } from "./waiters.ts";

/** What a reader asks for (02 section 5). */
export interface ReadRequest {
  readonly afterSeq: number | null;
  readonly maxBytes: number | null;
  readonly waitMs: number | null;
}

/** How a process exited, before that has a number. */
export type RecordedExit = Omit<JournaledExit, "seq">;

/**
 * Everything that one process did, by number: its output, its exit, its close; and those who wait for more of it. Exit and
 * close are kept as facts, not as entries of the log, so they are never dropped (02 P-31).
 */
export class ProcessRecord {
  readonly #store: RecordStore;
  readonly #log: OutputLog;
  /** Long polls. */
  readonly #readers: Waiters;
  #exit: JournaledExit | null;
  #isClosed = false;
  #isOver = false;

  /** @param store is the record's from now on; with what an earlier executor has put there the record begins */
  constructor(store: RecordStore, clock: Clock) {
    this.#store = store;
    this.#log = store.log;
    this.#exit = store.earlierExit;
    this.#readers = new Waiters(clock);
  }

  /** The number that the next event will get. */
  get nextSeq(): number {
    return this.#log.nextSeq;
  }

  /** No more should be added: it would have to stay in memory, beyond the bound. */
  get isFull(): boolean {
    return this.#log.isFull;
  }

  /** Bytes of output that are kept, in memory and on disk. */
  get retainedBytes(): number {
    return this.#log.retainedBytes;
  }

  /** All bytes of output that ever came. */
  get outputBytes(): number {
    return this.#log.appendedBytes;
  }

  /** What is kept after a number; whoever reads so changes nothing. The bytes are there until the next call. */
  kept(afterSeq: number, maxBytes: number): readonly LoggedChunk[] {
    return this.#log.peek(afterSeq, maxBytes).chunks;
  }

  /** The number of a chunk, which belongs to the record from now on. Whoever waits for it is told by `wake`. */
  add(stream: OutputStream, bytes: Uint8Array): number {
    return this.#log.append(stream, bytes);
  }

  /** How it exited, once it has. */
  get exit(): JournaledExit | null {
    return this.#exit;
  }

  /** It exited, the journal being the first to hear of it. What an earlier executor saw of the exit stays as it was. */
  exited(exit: RecordedExit): JournaledExit {
    if (this.#exit !== null) return this.#exit;
    const numbered = { ...exit, seq: this.#log.takeSeq() };
    this.#store.exited(numbered);
    this.#exit = numbered;
    return numbered;
  }

  /** The number of the close: the last one. */
  closed(): number {
    this.#isClosed = true;
    return this.#log.takeSeq();
  }

  /** The client is gone: what is kept, and what comes, it may have missed (03 D-2). */
  keepAll(): void {
    this.#log.keepAll();
  }

  /** Its child runs. */
  spawned(pid: number): void {
    this.#store.spawned(pid);
  }

  /** The executor stops: what is written down stays for the next one (03 D-8). */
  retain(): void {
    this.#store.retain();
  }

  /** It never ran: there is nothing to keep, for anybody. */
  discard(): void {
    this.#store.discard();
  }

  /** Those who wait look again. */
  wake(): void {
    this.#readers.wake();
  }

  /** Resolves when there is something to say, or the wait is over (02 P-37); rejects with the signal's reason. */
  news(afterSeq: number | null, waitMs: number, signal: AbortSignal): Promise<void> {
    return this.#readers.wait(() => this.#hasNewsAfter(afterSeq ?? 0), waitMs, signal);
  }

  /** What is there now (02 P-34 to P-36). Never consumes. */
  read({ afterSeq, maxBytes }: ReadRequest): OutputPage {
    return this.#page(this.#log.read(afterSeq ?? 0, maxBytes));
  }

  /** The same, for somebody else than the client for whom the record is kept. */
  peek({ afterSeq, maxBytes }: ReadRequest): OutputPage {
    return this.#page(this.#log.peek(afterSeq ?? 0, maxBytes));
  }

  /** Is the close known to whoever got this answer, and nothing left for it to fetch? */
  tellsAll(page: OutputPage): boolean {
    return page.state.closed && this.endsWith(page);
  }

  /** Is nothing left to fetch behind this page? */
  endsWith({ state: { nextSeq } }: OutputPage): boolean {
    return !this.#log.hasAfter(nextSeq - 1);
  }

  /** Lets go of everything, on disk too; nobody waits any more. */
  dispose(): void {
    this.#isOver = true;
    this.#store.close();
    this.#readers.wake();
  }

  #page({ chunks, nextSeq }: LogPage): OutputPage {
    return new OutputPage(chunks, {
      nextSeq,
      exited: this.#exit !== null,
      exitCode: this.#exit?.exitCode ?? null,
      closed: this.#isClosed,
      failure: this.#exit?.failure ?? null,
      sandboxDenied: this.#exit?.sandboxDenied ?? false,
      exitSeq: this.#exit?.seq ?? null,
      usage: this.#exit?.usage ?? null,
      ...(this.#exit?.timedOut === true && { timedOut: true }),
    });
  }

  #hasNewsAfter(seq: number): boolean {
    if (this.#isClosed || this.#isOver) return true;
    if (this.#exit !== null && seq < this.#log.nextSeq - 1) return true;
    return this.#log.hasAfter(seq);
  }
}
