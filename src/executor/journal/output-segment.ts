import { closeSync, ftruncateSync, openSync, readFileSync, readSync, unlinkSync, writeSync, writevSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { RestoredChunk } from "../../ports/journal-store.ts";
import type { OutputStream } from "../../protocol/process.ts";

/*
 * A record: the checksum of all that follows (4 bytes), the length of the payload (4), the number (8), when it was written on
 * the boot clock (8), the stream (1), nothing (3), the checksum of what stands between the first checksum and here (4), the
 * payload. All little-endian. The second checksum tells a record that was interrupted from one whose length is damaged.
 */
const headerBytes = 32;
const streams = ["stdout", "stderr", "pty"] as const satisfies readonly OutputStream[];
const header = Buffer.alloc(headerBytes);

/** What was found in a segment of an earlier executor. */
export interface ScannedSegment {
  readonly segment: OutputSegment;
  readonly chunks: readonly RestoredChunk[];
  /** When the last record was written, on the boot clock. */
  readonly lastAtMs: number;
  /** Something other than the end of its last record is missing. */
  readonly isDamaged: boolean;
}

/** One file of the output of one process: records, one behind the other. */
export class OutputSegment {
  readonly #path: string;
  readonly #fd: number;
  #bytes: number;
  #chunks: number;
  #isOpen = true;

  /** A new one, readable by our user alone. @throws when it cannot be made. */
  static create(path: string): OutputSegment {
    return new OutputSegment(path, openSync(path, "wx+", 0o600), 0, 0);
  }

  /** One of an earlier executor. A last record that it did not finish is cut off: nobody has heard of it. */
  static open(path: string): ScannedSegment {
    const fd = openSync(path, "r+");
    const { found, end, isDamaged } = scan(readFileSync(fd));
    ftruncateSync(fd, end);
    const segment = new OutputSegment(path, fd, end, found.length);
    const chunks = found.map(({ seq, stream, length, offset }) => {
      return { seq, stream, length, place: { segment, offset } };
    });
    return { segment, chunks, lastAtMs: found.at(-1)?.atMs ?? 0, isDamaged };
  }

  private constructor(path: string, fd: number, bytes: number, chunks: number) {
    this.#path = path;
    this.#fd = fd;
    this.#bytes = bytes;
    this.#chunks = chunks;
  }

  get path(): string {
    return this.#path;
  }

  /** What it takes on disk. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes a chunk, and gives its place. @throws when the disk is full or fails. */
  append(seq: number, stream: OutputStream, bytes: Uint8Array, atMs: number): number {
    header.writeUInt32LE(bytes.length, 4);
    header.writeDoubleLE(seq, 8);
    header.writeDoubleLE(atMs, 16);
    header.writeUInt8(streams.indexOf(stream), 24);
    header.writeUInt32LE(crc32(header.subarray(4, 28)), 28);
    header.writeUInt32LE(crc32(bytes, crc32(header.subarray(4))), 0);
    const length = headerBytes + bytes.length;
    const written = writevSync(this.#fd, [header, bytes], this.#bytes);
    if (written < length) this.#writeRest(Buffer.concat([header, bytes]), written);
    const offset = this.#bytes + headerBytes;
    this.#bytes += length;
    this.#chunks += 1;
    return offset;
  }

  /** Reads from a place. */
  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    for (let taken = 0; taken < length; ) {
      const more = readSync(this.#fd, bytes, taken, length - taken, offset + taken);
      if (more === 0) throw new Error(`${this.#path} ends at ${offset + taken} instead of ${offset + length}`);
      taken += more;
    }
    return bytes;
  }

  /** One of its chunks is not needed any more; are others? */
  drop(): boolean {
    this.#chunks -= 1;
    return this.#chunks > 0;
  }

  /** Takes its name away; what is in it can be read until it is closed. Idempotent. */
  unlink(): void {
    try {
      unlinkSync(this.#path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #writeRest(record: Uint8Array, written: number): void {
    for (let done = written; done < record.length; ) {
      done += writeSync(this.#fd, record, done, record.length - done, this.#bytes + done);
    }
  }
}

interface WrittenChunk {
  readonly seq: number;
  readonly stream: OutputStream;
  readonly length: number;
  readonly offset: number;
  readonly atMs: number;
}

/** Everything that is whole; behind the first record that is not, nothing can be made out. */
function scan(file: Buffer): {
  readonly found: readonly WrittenChunk[];
  readonly end: number;
  readonly isDamaged: boolean;
} {
  const found: WrittenChunk[] = [];
  let end = 0;
  while (end + headerBytes <= file.length) {
    if (crc32(file.subarray(end + 4, end + 28)) !== file.readUInt32LE(end + 28)) return { found, end, isDamaged: true };
    const length = file.readUInt32LE(end + 4);
    const next = end + headerBytes + length;
    if (next > file.length) return { found, end, isDamaged: false };
    const stream = streams[file.readUInt8(end + 24)];
    if (crc32(file.subarray(end + 4, next)) !== file.readUInt32LE(end) || stream === undefined) {
      return { found, end, isDamaged: true };
    }
    const [seq, atMs] = [file.readDoubleLE(end + 8), file.readDoubleLE(end + 16)];
    found.push({ seq, stream, length, offset: end + headerBytes, atMs });
    end = next;
  }
  return { found, end, isDamaged: false };
}
