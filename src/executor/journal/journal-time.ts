/** When things are written, on a scale that outlives the executor: which life of the machine, and how far into it. */
export interface JournalTime {
  /** Names the life of the machine; `null` where the system does not. */
  readonly boot: string | null;
  /** Milliseconds since it began. */
  now(): number;
}
