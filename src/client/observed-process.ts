import type { Observable } from "rxjs";
import type { ProcessExit, RemoteEvent } from "../actors/event-order.ts";
import type { ObservedProcessActor } from "../actors/observed-process-actor.ts";
import type { OutputStream } from "../protocol/process.ts";
import { type OutputChunk, OutputReader } from "./output-reader.ts";
import { readText } from "./read-text.ts";

/**
 * A process of a session that is observed: it can be read, and nothing else. Nothing is fetched before somebody asks for
 * its events, its output or its end; then everything comes that the executor still has, from the first on. Reading slowly
 * slows nobody down: what the executor lets go meanwhile is a gap, which is told. Where its end cannot be known any more,
 * everything here rejects with a SessionEndedError or a ProcessGoneError.
 */
export class ObservedProcess {
  readonly #actor: ObservedProcessActor;

  /** Made by an `Observation`. */
  constructor(actor: ObservedProcessActor) {
    this.#actor = actor;
  }

  /** The name under which the executor knows it. */
  get processId(): string {
    return this.#actor.processId;
  }

  /**
   * Every event in order, exactly once, and a `gap` wherever some are lost: it goes on behind it. Whoever subscribes late
   * gets the newest megabyte first. It has no backpressure: for bulk output read `output`.
   */
  get events$(): Observable<RemoteEvent> {
    return this.#actor.events$;
  }

  /**
   * The output as bytes with the name of their stream, from the first on that the executor still has. `missedBefore` of a
   * chunk says how many events right before it are lost. Begin before a megabyte has been read by others, or the reader ends
   * with an OutputMissedError. While a reader is more than a megabyte behind, nothing else arrives in this observation.
   */
  get output(): AsyncIterableIterator<OutputChunk> {
    return new OutputReader(this.#actor, "fail");
  }

  /**
   * Everything it printed until it closes, as text, on one stream or on all.
   * @throws EventGapError when part of it is lost.
   */
  text(stream?: OutputStream): Promise<string> {
    return readText(this.output, stream, "fail");
  }

  /** Resolves when the process has exited; its output may still be on its way. */
  get exited(): Promise<ProcessExit> {
    return this.#actor.exited;
  }

  /** Resolves when it has exited and every stream has ended, so that nothing more can come. */
  get closed(): Promise<void> {
    return this.#actor.closed;
  }
}
