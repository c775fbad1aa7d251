import type { Row, SubjectName } from "./row.ts";
import type { Sizes, Values } from "./sizes.ts";
import { Stage } from "./stage.ts";
import { NotOfferedError } from "./wire/wire-session.ts";

/** How rows are run. */
export interface RunOptions {
  readonly sizes: Sizes;
  /** Who takes part; a row may have fewer. */
  readonly subjects: readonly SubjectName[];
  /** Instead of what the rows say. */
  readonly repetitions?: number | undefined;
  /** A folder for processor profiles of our executor. */
  readonly profiles?: string | undefined;
}

/** What came of a row. */
export interface RowOutcome {
  readonly row: Row;
  /** What each subject showed, run by run; the runs of one number followed each other. */
  readonly runs: ReadonlyMap<SubjectName, readonly Values[]>;
  readonly failures: readonly { readonly subject: SubjectName; readonly error: Error }[];
  readonly seconds: number;
}

/** A run that takes longer has failed. */
const runLimitMs = 60_000;

/**
 * Runs one row: every subject once, then every subject again, so that whatever else the machine does hits all of them
 * alike. A subject that fails is out for the rest of the row; the others go on.
 */
export async function runRow(row: Row, options: RunOptions): Promise<RowOutcome> {
  const begun = performance.now();
  const subjects = [...row.executors, "bare" as const].filter((name) => options.subjects.includes(name));
  const runs = new Map<SubjectName, Values[]>(subjects.map((name) => [name, []]));
  const failures: { subject: SubjectName; error: Error }[] = [];
  const isOut = new Set<SubjectName>();
  await using stage = new Stage(row, options);
  const first = row.warmUp === false ? 0 : -1;
  for (let run = first; run < (options.repetitions ?? row.repetitions ?? 5); run += 1) {
    for (const subject of subjects) {
      if (isOut.has(subject)) continue;
      try {
        const values = await limited(stage.run(subject));
        if (run >= 0) runs.get(subject)?.push(values);
      } catch (error) {
        isOut.add(subject);
        await stage.dismiss(subject);
        if (!(error instanceof Error)) throw error;
        if (!(error instanceof NotOfferedError)) failures.push({ subject, error });
      }
    }
  }
  return { row, runs, failures, seconds: (performance.now() - begun) / 1_000 };
}

function limited<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took more than ${runLimitMs / 1_000} s`)), runLimitMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
