/** A place on disk for bytes that do not fit memory. Gone with `close`, and with the program. */
export interface SpillFile {
  /** Writes at the end and gives the place. @throws when the disk is full or fails; nothing is kept then. */
  append(bytes: Uint8Array): number;
  /** Reads what was written at a place. */
  read(offset: number, length: number): Uint8Array;
  /** Lets go of everything. Idempotent. */
  close(): void;
}

/** Makes spill files; the simulation keeps them in memory. */
export interface SpillStore {
  /** @throws when no file can be made. */
  create(): SpillFile;
}
