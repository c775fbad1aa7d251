import type { WalkFindings } from "../../ports/file-host.ts";
import type { PathUri } from "../../protocol/path-uri/index.ts";

/** What one answer may hold: the length of every URI and message, and so much more for each item (04 W-9). */
const answerLimit = 4_194_304;
const itemCost = 64;

/** What a walk has found so far, and whether there is room for more. */
export class WalkRecord {
  readonly #maxEntries: number;
  readonly #entries: { path: string; kind: "directory" | "file" }[] = [];
  readonly #errors: { path: string; message: string }[] = [];
  #examined = 0;
  #cost = 0;
  #truncated = false;
  #isFull = false;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** The walk is over: nothing more can be added. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get findings(): WalkFindings {
    return { entries: this.#entries, errors: this.#errors, truncated: this.#truncated };
  }

  /** Something is left out, and the walk goes on. */
  cut(): void {
    this.#truncated = true;
  }

  /** An entry is looked at; false when it was one too many (04 W-5). */
  count(): boolean {
    if (this.#examined === this.#maxEntries) return this.#fill();
    this.#examined += 1;
    return true;
  }

  /** False when it does not fit. */
  add({ canonical: path }: PathUri, kind: "directory" | "file"): boolean {
    if (!this.#pay(path.length)) return false;
    this.#entries.push({ path, kind });
    return true;
  }

  addError({ canonical: path }: PathUri, message: string): void {
    if (this.#pay(path.length + message.length)) this.#errors.push({ path, message });
  }

  #pay(length: number): boolean {
    const cost = this.#cost + length + itemCost;
    if (cost > answerLimit) return this.#fill();
    this.#cost = cost;
    return true;
  }

  #fill(): false {
    this.#truncated = true;
    this.#isFull = true;
    return false;
  }
}
