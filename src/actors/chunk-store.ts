import type { OutputStream } from "../protocol/process.ts";

/** A chunk that a store holds; only that store knows what it means. */
export type StoredChunk = object;

/** Where the output of one process lies besides memory. */
export interface ChunkStore {
  /** Hears of every chunk before anybody else does; gives its place, or `null` if it does not keep it yet. */
  record(seq: number, stream: OutputStream, bytes: Uint8Array): StoredChunk | null;
  /** Memory lets go of a chunk; gives its place, or `null` when there is no room: then it has to stay in memory. */
  put(bytes: Uint8Array, stored: StoredChunk | null): StoredChunk | null;
  /** Reads a chunk. */
  get(stored: StoredChunk, length: number): Uint8Array;
  /** A chunk is not needed any more. */
  drop(stored: StoredChunk): void;
  /** Nothing is needed any more; the chunks must have been dropped. */
  close(): void;
}
