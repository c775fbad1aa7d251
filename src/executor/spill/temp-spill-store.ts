import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, systemRandom } from "../../ports/random.ts";
import type { SpillFile, SpillStore } from "../../ports/spill-store.ts";

/**
 * Spill files in a directory, readable by our user alone and unlinked as soon as they are open: nothing stays behind,
 * however this program ends. Writing is synchronous: 64 KiB into the page cache take less time than handing them to a thread.
 */
export function tempSpillStore(directory: string = tmpdir(), random: Random = systemRandom): SpillStore {
  return {
    create: () => {
      const path = join(directory, `proctor-spill-${random.uuid()}`);
      const fd = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return new UnlinkedFile(fd);
    },
  };
}

class UnlinkedFile implements SpillFile {
  #fd: number | null;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  append(bytes: Uint8Array): number {
    const offset = this.#end;
    // A partial write leaves the end where it was: the next chunk overwrites it.
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#open(), bytes, written, bytes.length - written, offset + written);
    }
    this.#end += bytes.length;
    return offset;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    for (let taken = 0; taken < length; ) {
      const more = readSync(this.#open(), bytes, taken, length - taken, offset + taken);
      if (more === 0) throw new Error(`a spill file ends at ${offset + taken} instead of ${offset + length}`);
      taken += more;
    }
    return bytes;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): number {
    if (this.#fd === null) throw new Error("the spill file is closed");
    return this.#fd;
  }
}
