import type { Clock } from "../ports/clock.ts";
import { OutputPage } from "../protocol/output-page.ts";
import type { OutputStream, ResourceUsage } from "../protocol/process.ts";
import type { OutputLog } from "./output-log.ts";
import { Waiters } from "./waiters.ts";

/** What a reader asks for (02 section 5). */
export interface ReadRequest {
  readonly afterSeq: number | null;
  readonly maxBytes: number | null;
  readonly waitMs: number | null;
}

/** How a process exited, as every reader is told. */
export interface RecordedExit {
  readonly exitCode: number;
  /** Was its time limit over before? */
  readonly timedOut: boolean;
  /** What it used; `null` where the host cannot tell. */
  readonly usage: ResourceUsage | null;
  /** Why it never ran (05 SB-Q6). */
  readonly failure?: string;
  /** Does its end look like the work of its sandbox? (05 SB-D6) */
  readonly sandboxDenied?: boolean;
}

/**
 * Everything that one process did, by number: its output, its exit, its close; and those who wait for more of it. Exit and
 * close are kept as facts, not as entries of the log, so they are never dropped (02 P-31).
 */
export class ProcessRecord {
  readonly #log: OutputLog;
  /** Long polls. */
  readonly #readers: Waiters;
  #exit: (RecordedExit & { readonly seq: number }) | null = null;
  #isClosed = false;
  #isOver = false;

  /** @param log is the record's from now on */
  constructor(log: OutputLog, clock: Clock) {
    this.#log = log;
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

  /** The number of a chunk, which belongs to the record from now on. Whoever waits for it is told by `wake`. */
  add(stream: OutputStream, bytes: Uint8Array): number {
    return this.#log.append(stream, bytes);
  }

  /** The number of the exit. */
  exited(exit: RecordedExit): number {
    const seq = this.#log.takeSeq();
    this.#exit = { ...exit, seq };
    return seq;
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
    const { chunks, nextSeq } = this.#log.read(afterSeq ?? 0, maxBytes);
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

  /** Is the close known to whoever got this answer, and nothing left for it to fetch? */
  tellsAll({ state: { closed, nextSeq } }: OutputPage): boolean {
    return closed && !this.#log.hasAfter(nextSeq - 1);
  }

  /** Lets go of everything, on disk too; nobody waits any more. */
  dispose(): void {
    this.#isOver = true;
    this.#log.close();
    this.#readers.wake();
  }

  #hasNewsAfter(seq: number): boolean {
    if (this.#isClosed || this.#isOver) return true;
    if (this.#exit !== null && seq < this.#log.nextSeq - 1) return true;
    return this.#log.hasAfter(seq);
  }
}
