import type { SpillFile, SpillStore } from "../../src/ports/spill-store.ts";

/** Spill files in memory that count what is open, and fail when they are told to. */
export class CountingSpillStore implements SpillStore {
  /** Files that were created so far. */
  created = 0;
  /** Bytes in every file that is open. */
  readonly open = new Map<SpillFile, number>();
  /** What fails from now on, as on a disk that is full or broken. */
  failing: "create" | "append" | null = null;

  /** Bytes in all open files. */
  get bytes(): number {
    return [...this.open.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  create(): SpillFile {
    if (this.failing === "create") throw new Error("ENOSPC: no file can be made");
    this.created += 1;
    const pieces = new Map<number, Uint8Array>();
    const file: SpillFile = {
      append: (bytes) => {
        const offset = this.open.get(file);
        if (offset === undefined) throw new Error("the file is closed");
        if (this.failing === "append") throw new Error("ENOSPC: the disk is full");
        pieces.set(offset, bytes.slice());
        this.open.set(file, offset + bytes.length);
        return offset;
      },
      read: (offset, length) => {
        const piece = pieces.get(offset);
        if (!this.open.has(file) || piece?.length !== length) throw new Error(`nothing of that kind lies at ${offset}`);
        return piece;
      },
      close: () => void this.open.delete(file),
    };
    this.open.set(file, 0);
    return file;
  }
}
