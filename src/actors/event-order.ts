import type { OutputStream } from "../protocol/process.ts";

/** One numbered event of a process, as its orchestrator sees it. */
export type RemoteEvent =
  | { readonly type: "output"; readonly seq: number; readonly stream: OutputStream; readonly bytes: Uint8Array }
  | { readonly type: "exited"; readonly seq: number; readonly exitCode: number }
  | { readonly type: "closed"; readonly seq: number };

/** Bounds of what waits for an earlier number (03 D-6). */
export const reorderLimits = { events: 1_024, bytes: 4 * 1024 * 1024 } as const;

/**
 * Puts the events of one process back into the order of their numbers and drops repetitions: executors push from several
 * tasks, so the order of the wire is not the order of the numbers (01 W-44, 03 SS-43).
 */
export class EventOrder {
  readonly #waiting = new Map<number, RemoteEvent>();
  #waitingBytes = 0;
  #lastSeq = 0;

  /** The number of the last event that was released. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Is the bound exceeded, so that the missing number will hardly come? */
  get overflows(): boolean {
    return this.#waiting.size > reorderLimits.events || this.#waitingBytes > reorderLimits.bytes;
  }

  /** Takes an event in. */
  add(event: RemoteEvent): void {
    if (event.seq <= this.#lastSeq || this.#waiting.has(event.seq)) return;
    this.#waiting.set(event.seq, event);
    this.#waitingBytes += sizeOf(event);
  }

  /** Releases what is in order now. */
  *release(): Generator<RemoteEvent> {
    for (let next = this.#take(); next !== undefined; next = this.#take()) yield next;
  }

  #take(): RemoteEvent | undefined {
    const next = this.#waiting.get(this.#lastSeq + 1);
    if (next === undefined) return undefined;
    this.#waiting.delete(next.seq);
    this.#waitingBytes -= sizeOf(next);
    this.#lastSeq = next.seq;
    return next;
  }
}

/** Payload bytes of an event. */
export function sizeOf(event: RemoteEvent): number {
  return event.type === "output" ? event.bytes.length : 0;
}
