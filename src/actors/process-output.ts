import { encodeClosed, encodeExited, encodeOutput, encodeProcessId } from "../protocol/output-frame.ts";
import type { OutputStream } from "../protocol/process.ts";
import type { ProcessOwner } from "./process-owner.ts";
import type { ProcessRecord, RecordedExit } from "./process-record.ts";

/** Holds the child back, so that it blocks in its write, or lets it go on. */
type Brake = (isOn: boolean) => void;

/**
 * The way of a process's events to its client: into the record, which numbers them, and from there to the attached
 * connection. Whatever has nowhere to go, since the connection is full or the record is, holds the child back (01 W-45, 03 D-2).
 */
export class ProcessOutput {
  readonly #idJson: string;
  readonly #record: ProcessRecord;
  readonly #owner: Pick<ProcessOwner, "push" | "isHeard">;
  readonly #brake: Brake;
  #isCongested = false;
  #isHeldBack = false;

  constructor(processId: string, record: ProcessRecord, owner: Pick<ProcessOwner, "push" | "isHeard">, brake: Brake) {
    this.#idJson = encodeProcessId(processId);
    this.#record = record;
    this.#owner = owner;
    this.#brake = brake;
  }

  /** The child has printed something; the bytes are ours from now on. */
  printed(stream: OutputStream, bytes: Uint8Array): void {
    const seq = this.#record.add(stream, bytes);
    // Not encoded for nobody: during an outage that would be most of the work, and of the garbage.
    if (this.#owner.isHeard && !this.#owner.push(encodeOutput(this.#idJson, seq, stream, bytes))) {
      this.#isCongested = true;
    }
    this.balance();
    this.#record.wake();
  }

  /** The child has exited. */
  exited(exit: RecordedExit): void {
    const numbered = this.#record.exited(exit);
    this.#owner.push(encodeExited(this.#idJson, numbered.seq, numbered));
  }

  /** Nothing more comes. */
  closed(): void {
    this.#owner.push(encodeClosed(this.#idJson, this.#record.closed()));
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
