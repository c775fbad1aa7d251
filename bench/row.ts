import type { Sizes, Values } from "./sizes.ts";
import type { BareSubject } from "./subjects/bare.ts";
import type { ExecutorName, ExecutorSubject } from "./subjects/executor.ts";

/** A bound that a measure of ours is meant to keep: a value, or so many times what another subject showed in the same run. */
export type Goal = { readonly value: number } | { readonly times: number; readonly of: "codex" | "bare" };

/** One line of the table. */
export interface Measure {
  /** The key in the values that a run returns. */
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly goal?: Goal;
  /** Shown, but too close to zero or too far in the tail for the guard. */
  readonly isUnguarded?: true;
}

/** Who is measured: an executor, or the bare work without one. */
export type SubjectName = ExecutorName | "bare";

/** What a run of the bare work can use. */
export interface BareBench {
  readonly sizes: Sizes;
  readonly bare: BareSubject;
  /** Our executor, for rows in which the raw wire to it is the bare work. */
  readonly proctor: () => Promise<ExecutorSubject>;
}

/** A piece of work that is measured on every subject in turn; one row may yield several lines. */
export interface Row {
  readonly name: string;
  /** What is measured, in a sentence. */
  readonly about: string;
  readonly measures: readonly Measure[];
  /** Who takes part, besides the bare work. */
  readonly executors: readonly ExecutorName[];
  /** Counted runs of each subject. Default 5. */
  readonly repetitions?: number;
  /** Whether one run of each is made and thrown away first. Default true. */
  readonly warmUp?: boolean;
  /** Whether every run needs executors that have done nothing yet. Default false: they live for the row. */
  readonly needsFresh?: boolean;
  /** The work on an executor. Throws NotOfferedError where there is nothing to measure. */
  executor(subject: ExecutorSubject, sizes: Sizes): Promise<Values>;
  /** The same work without an executor. */
  bare(bench: BareBench): Promise<Values>;
  /** What `bench.bare.work` runs in the process of the bare work. */
  readonly work?: (sizes: Sizes) => Promise<Values>;
}
