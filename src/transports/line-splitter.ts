const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines (01 W-15): without the newline, without the blanks around them (a `\r` among these), and
 * without blank lines. Holds one unfinished line of at most `limitBytes`; beyond that it yields nothing more.
 */
export class LineSplitter {
  readonly #limitBytes: number;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  #overflowed = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** A line was longer than the limit. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** The lines that `chunk` completes. */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1 && !this.#overflowed; to = chunk.indexOf(NEWLINE, from)) {
      this.#append(chunk.subarray(from, to));
      from = to + 1;
      lines.push(...this.#take());
    }
    this.#append(chunk.subarray(from));
    return lines;
  }

  /** The last line, if the stream ended without a newline: one or none. */
  end(): Uint8Array[] {
    return this.#take();
  }

  #append(piece: Uint8Array): void {
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > this.#limitBytes) this.#overflowed = true;
    if (this.#overflowed) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): Uint8Array[] {
    const [first = new Uint8Array(), ...others] = this.#pieces;
    const line = trimBlanks(others.length === 0 ? first : Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line.length === 0 ? [] : [line];
  }
}

function trimBlanks(line: Uint8Array): Uint8Array {
  let from = 0;
  let to = line.length;
  while (from < to && isBlank(line[from])) from++;
  while (from < to && isBlank(line[to - 1])) to--;
  return line.subarray(from, to);
}

/** Space, and tab to carriage return. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}
