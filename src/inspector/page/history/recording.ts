import type { ActorState, HeaderRecord, HistoryRecord, RecordingLine } from "../../records.ts";
import type { History } from "./history.ts";

/** A file that is no recording, or not one of ours. */
export class RecordingError extends Error {
  readonly line: number;

  constructor(line: number, trouble: string) {
    super(`line ${line} of the recording: ${trouble}`);
    this.name = "RecordingError";
    this.line = line;
  }
}

/** A recording, read. */
export interface Recording {
  readonly header: HeaderRecord;
  readonly records: readonly HistoryRecord[];
  /** The last line was cut off in the middle, as a killed writer leaves it: it is left out. */
  readonly isCutOff: boolean;
}

const kinds = new Set(["actor", "event", "facts", "output", "gone", "counters", "keyframe", "skipped"]);

/** Reads a recording, a JSON text a line; throws a {@link RecordingError}. Kinds of records that it does not know are skipped. */
export function parseRecording(text: string): Recording {
  const lines = text.split("\n");
  let header: HeaderRecord | null = null;
  const records: HistoryRecord[] = [];
  let isCutOff = false;
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    const parsed = parseLine(line);
    if (parsed === null && index === lines.length - 1 && header !== null) isCutOff = true;
    else if (parsed === null) throw new RecordingError(index + 1, "not a JSON object with a kind");
    else if (header === null) header = asHeader(parsed);
    else if (kinds.has(parsed.kind)) records.push(asRecord(parsed, index + 1));
  });
  if (header === null) throw new RecordingError(1, "there is nothing in it");
  return { header, records, isCutOff };
}

/** What is kept of a history as a recording: how things stood at its beginning, and all that came. */
export function formatRecording(history: History): string {
  const { header, firstPosition } = history;
  if (header === null) throw new RecordingError(1, "nothing has come yet");
  const lines: RecordingLine[] = [header];
  if (history.isCut) lines.push({ kind: "keyframe", t: history.firstT, actors: beginning(history, firstPosition) });
  const outputs = [...history.tracks.values()].flatMap((track) => track.outputs);
  // Both are sorted already but for each other; equal times stay as they are.
  return [...lines, ...[...history.records, ...outputs].sort((a, b) => a.t - b.t)]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
}

function beginning(history: History, position: number): ActorState[] {
  return history.scene(position - 1).actors.map(({ actor, machine, name, owner, since, status, value, facts }) => {
    const context = history.tracks.get(actor)?.anchors.findLast(({ order }) => order < position)?.context ?? null;
    return { actor, machine, name, owner, since, status, value, context, facts };
  });
}

function parseLine(line: string): { readonly kind: string } | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null && "kind" in parsed && typeof parsed.kind === "string"
      ? (parsed as { kind: string }) // the check above
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function asHeader(line: { readonly kind: string }): HeaderRecord {
  if (line.kind !== "header")
    throw new RecordingError(1, `it begins with a record of kind ${JSON.stringify(line.kind)}, not with a header`);
  if (!("v" in line) || line.v !== 1)
    throw new RecordingError(1, "its format has another version than this page reads, 1");
  return line as HeaderRecord; // our writer's, by kind and version
}

function asRecord(line: { readonly kind: string }, number: number): HistoryRecord {
  if (!("t" in line) || typeof line.t !== "number") throw new RecordingError(number, "it has no time");
  return line as HistoryRecord; // our writer's, by kind
}
