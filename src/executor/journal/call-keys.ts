import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";

/** So many keys are kept at least, the newest; no session remembers more outcomes. */
const keptKeys = 1_024;

/** The file with the keys of the calls that changed something, a JSON string a line, readable by our user alone (03 D-5). */
export class CallKeys {
  readonly #path: string;
  #keys: string[] = [];

  /** Nothing is written before the first key. */
  constructor(path: string) {
    this.#path = path;
  }

  /** What an earlier executor has written, but for a last line that it did not finish. @throws when it cannot be read. */
  static open(path: string): CallKeys {
    const opened = new CallKeys(path);
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    opened.#keys = lines.map((line) => z.string().parse(JSON.parse(line)));
    opened.#rewrite();
    return opened;
  }

  /** The keys, oldest first. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** @throws when the disk is full or fails. */
  add(key: string): void {
    this.#keys.push(key);
    appendFileSync(this.#path, lineOf(key), { mode: 0o600 });
    if (this.#keys.length >= 2 * keptKeys) this.#rewrite();
  }

  #rewrite(): void {
    this.#keys = this.#keys.slice(-keptKeys);
    const next = `${this.#path}.next`;
    writeFileSync(next, this.#keys.map(lineOf).join(""), { mode: 0o600 });
    renameSync(next, this.#path);
  }
}

function lineOf(key: string): string {
  return `${JSON.stringify(key)}\n`;
}
