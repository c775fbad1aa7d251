import type { TransportEnd, TransportListener } from "../../src/ports/transport.ts";

/** Keeps all that a transport says, and lets a test await a state of it. */
export class RecordingListener implements TransportListener {
  readonly messages: (string | Uint8Array)[] = [];
  readonly ends: TransportEnd[] = [];
  /** Everything in order, messages by their text. */
  readonly log: string[] = [];
  heardCount = 0;
  drainedCount = 0;
  readonly #waiting = new Set<() => void>();

  message(data: string | Uint8Array): void {
    this.messages.push(data);
    this.#note(typeof data === "string" ? data : `binary ${Buffer.from(data).toString("latin1")}`);
  }

  heard(): void {
    this.heardCount++;
    this.#note("(heard)");
  }

  drained(): void {
    this.drainedCount++;
    this.#note("(drained)");
  }

  ended(end: TransportEnd): void {
    this.ends.push(end);
    this.#note(`(ended ${end.code})`);
  }

  /** Resolves as soon as `holds` does, looked at after each thing that arrives. */
  until(holds: (recording: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The end, when it comes. */
  async end(): Promise<TransportEnd> {
    await this.until((recording) => recording.ends.length > 0);
    const [end] = this.ends;
    if (end === undefined) throw new Error("no end");
    return end;
  }

  #note(entry: string): void {
    this.log.push(entry);
    for (const look of [...this.#waiting]) look();
  }
}
