/** Above this size nothing is replaced: the large recorded payloads name nothing of the machine. */
const LARGEST = 1 << 20;

/**
 * Exchanges the names of the recording (its folder `/tmp/fx`, its session ids) for those of this run in what is sent,
 * and back in what is received.
 */
export class Substitution {
  readonly #pairs: (readonly [recorded: string, actual: string])[] = [];

  /** Adds a pair of names. */
  add(recorded: string, actual: string): void {
    this.#pairs.push([recorded, actual]);
  }

  /** The name of this run for a recorded one, if there is a pair. */
  actualOf(recorded: string): string | undefined {
    return this.#pairs.find(([name]) => name === recorded)?.[1];
  }

  /** What to send to the server under test. */
  toServer(payload: Buffer): Buffer {
    if (this.#pairs.length === 0 || payload.length > LARGEST) return payload;
    const text = payload.toString("latin1");
    const changed = this.#pairs.reduce((all, [recorded, actual]) => all.replaceAll(recorded, actual), text);
    return changed === text ? payload : Buffer.from(changed, "latin1");
  }

  /** What the server would have said in the recording. */
  toRecorded(text: string): string {
    if (text.length > LARGEST) return text;
    return this.#pairs.reduce((all, [recorded, actual]) => all.replaceAll(actual, recorded), text);
  }
}
