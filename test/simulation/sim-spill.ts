import { Buffer } from "node:buffer";
import type { SpillFile, SpillStore } from "../../src/ports/spill-store.ts";

/** A disk in memory that knows how full it is. */
export class SimSpill implements SpillStore {
  /** Files that are not closed. */
  files = 0;
  /** What they hold together, were everything that was ever appended still needed. */
  bytes = 0;

  create(): SpillFile {
    this.files += 1;
    const pieces: Uint8Array[] = [];
    let size = 0;
    let isOpen = true;
    return {
      append: (bytes) => {
        const offset = size;
        pieces.push(bytes.slice()); // the disk keeps its own copy
        size += bytes.length;
        this.bytes += bytes.length;
        return offset;
      },
      read: (offset, length) => Buffer.concat(pieces).subarray(offset, offset + length),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.files -= 1;
        this.bytes -= size;
      },
    };
  }
}
