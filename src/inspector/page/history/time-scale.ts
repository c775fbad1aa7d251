import type { HistoryTime } from "../../records.ts";
import type { Gap } from "./history.ts";
import { lastUpTo } from "./sorted.ts";

/** An idle gap as the axis shows it: short, however long it was. */
export interface ShortenedGap extends Gap {
  /** Where it begins on the axis, in shortened milliseconds. */
  readonly at: number;
  readonly shown: number;
}

/** An idle gap is shown as this part of the busy time, and within these bounds. */
const shownPart = 0.04;
const leastShownMs = 150;
const mostShownMs = 3_000;

/** An axis of time on which nothing but what happened takes room: idle gaps are shortened. */
export class TimeScale {
  readonly from: HistoryTime;
  readonly to: HistoryTime;
  /** In shortened milliseconds. */
  readonly length: number;
  readonly gaps: readonly ShortenedGap[];

  constructor(from: HistoryTime, to: HistoryTime, gaps: readonly Gap[]) {
    this.from = from;
    this.to = Math.max(from, to);
    const inside = gaps
      .map((gap) => ({ from: Math.max(from, gap.from), to: Math.min(this.to, gap.to) }))
      .filter((gap) => gap.to > gap.from);
    const idleMs = inside.reduce((sum, gap) => sum + gap.to - gap.from, 0);
    const wishedMs = Math.min(mostShownMs, Math.max(leastShownMs, (this.to - from - idleMs) * shownPart));
    let saved = 0;
    this.gaps = inside.map((gap) => {
      const shown = Math.min(wishedMs, gap.to - gap.from);
      const at = gap.from - from - saved;
      saved += gap.to - gap.from - shown;
      return { ...gap, at, shown };
    });
    this.length = this.to - from - saved;
  }

  /** Where a time is on the axis, from 0. */
  place(t: HistoryTime): number {
    const gap = lastUpTo(this.gaps, t, ({ from }) => from);
    if (gap === undefined) return t - this.from;
    if (t >= gap.to) return gap.at + gap.shown + (t - gap.to);
    return gap.at + ((t - gap.from) / (gap.to - gap.from)) * gap.shown;
  }

  /** The time at a place of the axis. */
  time(place: number): HistoryTime {
    const gap = lastUpTo(this.gaps, place, ({ at }) => at);
    if (gap === undefined) return this.from + place;
    const beyond = place - gap.at - gap.shown;
    if (beyond >= 0) return gap.to + beyond;
    return gap.from + ((place - gap.at) / gap.shown) * (gap.to - gap.from);
  }
}
