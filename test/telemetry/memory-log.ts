import type { Logger } from "../../src/ports/logger.ts";

/** One event of a log. */
export interface LogEntry {
  readonly level: keyof Logger;
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A logger that keeps what it is told. */
export class MemoryLog implements Logger {
  readonly entries: LogEntry[] = [];
  readonly debug = this.#keep("debug");
  readonly info = this.#keep("info");
  readonly warn = this.#keep("warn");
  readonly error = this.#keep("error");

  /** Level and sentence of every event, in order. */
  get told(): string[] {
    return this.entries.map(({ level, text }) => `${level} ${text}`);
  }

  /** The facts of the events with this sentence. */
  factsOf(text: string): Readonly<Record<string, unknown>>[] {
    return this.entries.filter((entry) => entry.text === text).map(({ facts }) => facts);
  }

  #keep(level: keyof Logger) {
    return (facts: Readonly<Record<string, unknown>>, text: string): void =>
      void this.entries.push({ level, text, facts });
  }
}
