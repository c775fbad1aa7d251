import type { SpillFile, SpillStore } from "../ports/spill-store.ts";
import type { ChunkStore } from "./chunk-store.ts";
import type { SpillBudget } from "./spill-budget.ts";

/** A file takes chunks until it has this size; when all its chunks are gone so is the file. */
const segmentBytes = 16 * 1024 * 1024;

interface Segment {
  readonly file: SpillFile;
  bytes: number;
  chunks: number;
}

/** Where a chunk lies. */
export interface SpilledChunk {
  readonly segment: Segment;
  readonly offset: number;
}

/** The part of one process's output that lies on disk, in files that go away from the front. */
export class ChunkSpill implements ChunkStore {
  readonly #store: SpillStore;
  readonly #budget: SpillBudget;
  #current: Segment | null = null;

  constructor(store: SpillStore, budget: SpillBudget) {
    this.#store = store;
    this.#budget = budget;
  }

  /** What fits memory is none of its business. */
  record(): null {
    return null;
  }

  /** Puts a chunk away; `null` when the budget is used up or the disk refuses. */
  put(bytes: Uint8Array): SpilledChunk | null {
    if (!this.#budget.take(bytes.length)) return null;
    try {
      const segment = this.#segment();
      const offset = segment.file.append(bytes);
      segment.bytes += bytes.length;
      segment.chunks += 1;
      return { segment, offset };
    } catch {
      // A disk that is full or broken is as good as a budget that is used up: the caller holds the child back, or drops.
      this.#budget.give(bytes.length);
      return null;
    }
  }

  /** Reads a chunk. */
  get({ segment, offset }: SpilledChunk, length: number): Uint8Array {
    return segment.file.read(offset, length);
  }

  /** A chunk is not needed any more. */
  drop({ segment }: SpilledChunk): void {
    segment.chunks -= 1;
    if (segment.chunks > 0) return;
    // The one that is being filled goes too: what lies in it is dead, and would use up the budget.
    if (segment === this.#current) this.#current = null;
    this.#close(segment);
  }

  /** Nothing is needed any more; the chunks must have been dropped. */
  close(): void {
    if (this.#current !== null) this.#close(this.#current);
    this.#current = null;
  }

  #segment(): Segment {
    if (this.#current !== null && this.#current.bytes < segmentBytes) return this.#current;
    this.#current = { file: this.#store.create(), bytes: 0, chunks: 0 };
    return this.#current;
  }

  #close(segment: Segment): void {
    segment.file.close();
    this.#budget.give(segment.bytes);
  }
}
