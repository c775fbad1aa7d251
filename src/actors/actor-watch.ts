import type { AnyActor } from "xstate";
import type { JsonValue } from "../machines/index.ts";
import type { ChildSignal } from "../ports/process-host.ts";
import type { OutputStream } from "../protocol/process.ts";

/** What is known of an entity beside its machine, as it stands: numbers, names, states of what it holds. */
export type Facts = { readonly [name: string]: JsonValue };

/** A piece of output that is still kept; its bytes are there until the next call. */
export interface KeptOutput {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What somebody who watches may do to an entity, where it has been allowed. */
export interface EntityControl {
  /** Queues bytes for its stdin. */
  write(bytes: Uint8Array): Promise<unknown>;
  /** Kills it and its group. */
  terminate(): void;
  /** Sends its group a signal. */
  signal(signal: ChildSignal): void;
}

/**
 * An entity as whoever watches sees it, besides its statechart. Nothing here is called while nobody watches, and what is told is
 * told as it is: leaving secrets out is the business of whoever shows it.
 */
export interface WatchedEntity {
  /** What is worth knowing of it; cheap, and without effect. */
  facts(): Facts;
  /** All the output that it ever had, in bytes, and what it has queued and its peer has not taken. */
  load?(): { readonly outputBytes: number; readonly queuedBytes: number };
  /** What is kept of its output after a number, the oldest first, at most about so many bytes. */
  keptOutput?(afterSeq: number, maxBytes: number): readonly KeptOutput[];
  readonly control?: EntityControl;
}

/** Hears of every actor that is created, and of its end; whether it watches them is its own affair. */
export interface ActorWatch {
  /**
   * An actor exists, and is about to start; the entity is not complete yet, so it must not be asked anything before the end of
   * this turn.
   * @param ownedBy the entity that it belongs to; `null`: to none
   */
  created(actor: AnyActor, entity: WatchedEntity, ownedBy: object | null): void;
  /** Does what a request asks an entity for, so that what comes of it is known to come of that. Changes nothing else. */
  because<Result>(entity: WatchedEntity, request: string, act: () => Result): Result;
  /** Its machine has come to its end, or failed. What the last event did is still to be told. */
  ended(entity: WatchedEntity): void;
}
