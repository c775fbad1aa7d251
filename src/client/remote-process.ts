import type { Observable } from "rxjs";
import type { ProcessExit, RemoteEvent } from "../actors/event-order.ts";
import type { LinkActor } from "../actors/link-actor.ts";
import type { RemoteProcessActor } from "../actors/remote-process-actor.ts";
import type { Random } from "../ports/random.ts";
import type { SignalName } from "../protocol/extensions.ts";
import type { OutputStream } from "../protocol/process.ts";
import { type OutputChunk, OutputReader } from "./output-reader.ts";
import { readText } from "./read-text.ts";
import { RemoteStdin } from "./remote-stdin.ts";

/**
 * A process on an executor. It lives there until it ends, is terminated, or the session is over; this handle follows it.
 * Disposing it terminates the process if it still runs.
 */
export class RemoteProcess implements AsyncDisposable {
  /** Writes to the child's stdin, or to its terminal. */
  readonly stdin: RemoteStdin;
  readonly #actor: RemoteProcessActor;
  readonly #link: LinkActor;
  readonly #readers = new Set<OutputReader>();

  /** Made by `Link.start`. */
  constructor(actor: RemoteProcessActor, link: LinkActor, random: Random) {
    this.#actor = actor;
    this.#link = link;
    this.stdin = new RemoteStdin(actor.processId, link, random);
  }

  /** The name under which the executor knows it. */
  get processId(): string {
    return this.#actor.processId;
  }

  /** The number of the last event that has come; 0 before the first (03 D-18). */
  get lastSeq(): number {
    return this.#actor.lastSeq;
  }

  /** Has this handle asked for its end: by `terminate`, by its signal, by being disposed of, or because it was lost (03 D-18)? */
  get wasTerminated(): boolean {
    return this.#actor.wasTerminated;
  }

  /**
   * Every event in order, exactly once: output, one exit, one close; with `onGap: "mark"` also gaps, where events are lost
   * for good. Whoever subscribes late gets the newest megabyte first. It has no backpressure: for bulk output read `output`.
   */
  get events$(): Observable<RemoteEvent> {
    return this.#actor.events$;
  }

  /**
   * The output as bytes with the name of their stream; a marked gap shows as a jump in `seq`, and as `missedBefore` on
   * the chunk behind it. Each use is a reader of its own from the first byte on; begin before a megabyte has gone by, or the reader ends with an OutputMissedError. A slow reader slows the child down: while one is
   * more than a megabyte behind, nothing but answers to calls arrives over its link, so leave the loop of a reader that you
   * do not follow any more.
   */
  get output(): AsyncIterableIterator<OutputChunk> {
    const reader = new OutputReader(this.#actor);
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Everything it prints until it closes, as text, on one stream or on all; characters split between chunks are put
   * together again. With `onGap: "mark"` it goes on behind what is lost.
   */
  async text(stream?: OutputStream): Promise<string> {
    return readText(this.output, stream, "mark");
  }

  /**
   * Resolves when the process has exited; its output may still be on its way. A non-zero code is a value, not an error.
   * Rejects when the link fails first.
   */
  get exited(): Promise<ProcessExit> {
    return this.#actor.exited;
  }

  /** Resolves when it has exited and every stream has ended, so that nothing more can come. */
  get closed(): Promise<void> {
    return this.#actor.closed;
  }

  /** Interrupts it, as Ctrl-C would; without effect once it has exited (02 P-52). */
  async interrupt(): Promise<void> {
    await this.#link.call("process/signal", { processId: this.processId, signal: "interrupt" });
  }

  /**
   * Sends its group any signal; without effect once it has exited.
   * @throws UnsupportedError where the executor knows the interrupt only.
   */
  async kill(signal: SignalName): Promise<void> {
    this.#link.require("kill");
    await this.#link.call("process/kill", { processId: this.processId, signal });
  }

  /**
   * Gives its terminal another size; without effect on pipes.
   * @throws UnsupportedError where every terminal has 24 rows of 80 columns (02 P-20).
   */
  async resize(rows: number, cols: number): Promise<void> {
    this.#link.require("resize");
    await this.#link.call("process/resize", { processId: this.processId, rows, cols }, { isRepeatable: true });
  }

  /** Kills it and its whole group at once; tells whether it was still running (02 P-57, P-58). */
  terminate(): Promise<boolean> {
    return this.#actor.terminate();
  }

  /** Terminates it if it runs, and waits for the exit. Where the link is gone the executor does it when the session expires. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever disposes of the process reads no more; a reader that lags would hold back the exit that is awaited here.
    for (const reader of this.#readers) await reader.return();
    if (this.#actor.snapshot.hasTag("ended")) return;
    try {
      if (await this.terminate()) await this.exited;
    } catch (error) {
      if (this.#link.state.value === "Connected") throw error;
    }
  }
}
