import type { BigIntStats } from "node:fs";

/** Do both names lead to one file or directory? */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
