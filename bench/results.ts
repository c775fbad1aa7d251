import { readFile, writeFile } from "node:fs/promises";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { CODEX_VERSION } from "../scripts/codex.ts";
import type { Measure, SubjectName } from "./row.ts";
import type { RowOutcome } from "./run-row.ts";
import { median, type Summary, summarize } from "./stats.ts";

/** One line of the table with what was measured. */
export interface MeasureResult extends Measure {
  /** The row that it is part of. */
  readonly row: string;
  /** What each subject showed; absent where it has nothing to show. */
  readonly subjects: Readonly<Partial<Record<SubjectName, Summary>>>;
  /** Ours divided by the other's, run by run, the median; absent where one of the two has nothing to show. */
  readonly ratios: Readonly<Partial<Record<"codex" | "bare", number>>>;
}

/** A table with what it needs to be understood later. */
export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly reference: string;
  readonly measures: readonly MeasureResult[];
}

const storedPath = join(import.meta.dirname, "results.json");

/** Sums up the runs of a row. */
export function measureResults({ row, runs }: RowOutcome): MeasureResult[] {
  return row.measures.map((measure) => {
    const samples = new Map(
      [...runs].map(([subject, values]) => [subject, values.map((value) => value[measure.name] ?? Number.NaN)]),
    );
    const summaries = [...samples]
      .filter(([, taken]) => taken.length > 0 && taken.every(Number.isFinite))
      .map(([subject, taken]) => [subject, summarize(taken)] as const);
    const ratios = (["codex", "bare"] as const)
      .map((other) => [other, pairedRatio(samples.get("proctor"), samples.get(other))] as const)
      .filter(([, ratio]) => Number.isFinite(ratio));
    return { ...measure, row: row.name, subjects: Object.fromEntries(summaries), ratios: Object.fromEntries(ratios) };
  });
}

/** The runs of one number stand next to each other in time: their ratio moves less than the ratio of two medians. */
function pairedRatio(ours: readonly number[] = [], others: readonly number[] = []): number {
  return median(ours.slice(0, others.length).map((value, run) => value / (others[run] ?? Number.NaN)));
}

/** A table of these measures, taken here and now. */
export function resultsOf(measures: readonly MeasureResult[]): Results {
  const [processor] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${processor?.model ?? "unknown processor"}, ${memory}, ${platform()} ${release()} ${arch()}`,
    node: process.version,
    reference: CODEX_VERSION,
    measures,
  };
}

/** The fresh table, completed by what the old one has of the other rows; in the order of the rows. */
export function merged(old: Results | undefined, fresh: Results, rows: readonly string[]): Results {
  const isFresh = (row: string) => fresh.measures.some((measure) => measure.row === row);
  const measures = rows.flatMap((row) =>
    (isFresh(row) ? fresh.measures : (old?.measures ?? [])).filter((measure) => measure.row === row),
  );
  return { ...fresh, measures };
}

/** The stored table; undefined if there is none yet. */
export async function storedResults(): Promise<Results | undefined> {
  try {
    return JSON.parse(await readFile(storedPath, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Stores a table. */
export async function storeResults(results: Results): Promise<void> {
  await writeFile(storedPath, `${JSON.stringify(results, null, 2)}\n`);
}
