/** What a recording allows to differ, from its `tolerate` entries. */
export interface Tolerances {
  /** The exit codes that are right for a process where `recorded` was seen. */
  exitCodes(processId: string, recorded: number): readonly number[];
  /** Whether the output of a process varies. */
  anyBytes(processId: string): boolean;
  /** Whether lifecycle, `nextSeq` and chunks of an answer depend on timing. */
  anyState(id: string): boolean;
  /** Whether an answer may have another status. */
  anyStatus(id: string): boolean;
  readonly seqShift: boolean;
  readonly responseOrder: boolean;
  readonly closeStyle: boolean;
}

/** Entries that say something to the reader, or that the deviations speak about, and nothing to the matcher. */
const silent = /^(summary|improvable(:.+)?)$/;

/** Reads `tolerate` entries; throws on one that it does not know. */
export function readTolerances(entries: readonly string[]): Tolerances {
  const exits = new Map<string, readonly number[]>();
  const bytes = new Set<string>();
  const states = new Set<string>();
  const statuses = new Set<string>();
  const flags = new Set<string>();
  for (const entry of entries) {
    const exit = /^exit:(.*):([-\d|]+)$/s.exec(entry);
    const [, kind = "", name = ""] = /^([a-z]+):(.*)$/s.exec(entry) ?? [];
    if (exit) exits.set(exit[1] ?? "", (exit[2] ?? "").split("|").map(Number));
    else if (kind === "bytes") bytes.add(name);
    else if (kind === "state") states.add(name);
    else if (kind === "status") statuses.add(name);
    else if (/^(seq-shift|response-order|close-style)$/.test(entry)) flags.add(entry);
    else if (!silent.test(entry)) throw new Error(`unknown tolerance ${entry}`);
  }
  return {
    exitCodes: (processId, recorded) => exits.get(processId) ?? [recorded],
    anyBytes: (processId) => bytes.has(processId),
    anyState: (id) => states.has(id),
    anyStatus: (id) => statuses.has(id),
    seqShift: flags.has("seq-shift"),
    responseOrder: flags.has("response-order"),
    closeStyle: flags.has("close-style"),
  };
}
