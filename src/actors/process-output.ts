import type { MessageMemory } from "../protocol/encoded-answer.ts";
import { encodeClosed, encodeExited, encodeProcessId } from "../protocol/output-frame.ts";
import type { OutputStream } from "../protocol/process.ts";
import { PrintedChunk } from "./printed-chunk.ts";
import type { ProcessRecord, RecordedExit } from "./process-record.ts";

/** Whoever listens to one process: the attached connection, and observers. */
interface Listeners {
  /** Gives output to them. False: the attached connection is congested. */
  publish(chunk: PrintedChunk): boolean;
  /** Tells them of an event that is no output; it is never left out. */
  tell(frame: string): void;
}

/** Holds the child back, so that it blocks in its write, or lets it go on. */
type Brake = (isOn: boolean) => void;

/**
 * The way of a process's events to its client: into the record, which numbers them, and from there to whoever listens.
 * Whatever has nowhere to go, since the connection is full or the record is, holds the child back (01 W-45, 03 D-2).
 */
export class ProcessOutput {
  readonly #idJson: string;
  readonly #record: ProcessRecord;
  readonly #listeners: Listeners;
  readonly #brake: Brake;
  readonly #memory: MessageMemory;
  #isCongested = false;
  #isHeldBack = false;

  /** @param memory where long chunks are encoded */
  constructor(processId: string, record: ProcessRecord, listeners: Listeners, brake: Brake, memory: MessageMemory) {
    this.#idJson = encodeProcessId(processId);
    this.#record = record;
    this.#listeners = listeners;
    this.#brake = brake;
    this.#memory = memory;
  }

  /** The child has printed something; the bytes are ours from now on. */
  printed(stream: OutputStream, bytes: Uint8Array): void {
    const seq = this.#record.add(stream, bytes);
    const chunk = new PrintedChunk(this.#idJson, seq, stream, bytes, this.#memory);
    if (!this.#listeners.publish(chunk)) this.#isCongested = true;
    this.balance();
    this.#record.wake();
  }

  /** The child has exited. */
  exited(exit: RecordedExit): void {
    const numbered = this.#record.exited(exit);
    this.#listeners.tell(encodeExited(this.#idJson, numbered.seq, numbered));
  }

  /** Nothing more comes. */
  closed(): void {
    this.#listeners.tell(encodeClosed(this.#idJson, this.#record.closed()));
  }

  /** The attached connection can take more, or there is none that could be full. */
  drained(): void {
    this.#isCongested = false;
    this.balance();
  }

  /** To be called when the record may have got room. */
  balance(): void {
    const holdBack = this.#isCongested || this.#record.isFull;
    if (holdBack === this.#isHeldBack) return;
    this.#isHeldBack = holdBack;
    this.#brake(holdBack);
  }
}
