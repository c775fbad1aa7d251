/** A line is cut in pieces of this many characters, so that a program that never ends one takes no more memory. */
export const longestTextLine = 64 * 1024;

/** Cuts bytes into lines of text; what is no UTF-8 becomes U+FFFD, and characters split between pieces are put together again. */
export class TextLines {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** The lines that `bytes` complete, without their ends. */
  push(bytes: Uint8Array): string[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What stands after the last end of a line: one or none. */
  end(): string[] {
    const lines = this.#take(this.#decoder.decode());
    const last = this.#rest;
    this.#rest = "";
    return last === "" ? lines : [...lines, last];
  }

  #take(text: string): string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const complete = lines.map((line) => line.replace(/\r$/, ""));
    while (this.#rest.length > longestTextLine) {
      complete.push(this.#rest.slice(0, longestTextLine));
      this.#rest = this.#rest.slice(longestTextLine);
    }
    return complete;
  }
}
