import type { MeasureResult } from "./results.ts";

/** A ratio may be so many times worse than the stored one: what lies below is the noise of a quiet machine. */
export const tolerance = 1.15;

/** A measure whose ratio to the bare work is worse than it was. */
export interface Regression {
  readonly row: string;
  readonly name: string;
  readonly was: number;
  readonly is: number;
  /** How many times worse. */
  readonly worse: number;
}

/**
 * Compares with the stored table, by the ratios to the bare work of the same run alone: times of another day, or another
 * machine, say nothing. What the stored table does not have cannot have become worse.
 */
export function regressions(stored: readonly MeasureResult[], fresh: readonly MeasureResult[]): Regression[] {
  return fresh.flatMap(({ row, name, better, isUnguarded, ratios }) => {
    const was = stored.find((old) => old.row === row && old.name === name)?.ratios.bare;
    const is = ratios.bare;
    if (isUnguarded === true || was === undefined || is === undefined) return [];
    const worse = better === "lower" ? is / was : was / is;
    return worse > tolerance ? [{ row, name, was, is, worse }] : [];
  });
}

/** What was guarded and has no ratio any more: the guard must not pass because nothing was measured. */
export function missing(stored: readonly MeasureResult[], fresh: readonly MeasureResult[]): string[] {
  return fresh
    .filter(({ row, name, isUnguarded, ratios }) => {
      const old = stored.find((result) => result.row === row && result.name === name);
      return isUnguarded !== true && old?.ratios.bare !== undefined && ratios.bare === undefined;
    })
    .map(({ name }) => name);
}
