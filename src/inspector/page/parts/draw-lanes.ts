import { duration, moment } from "../history/figures.ts";
import type { History } from "../history/history.ts";
import { isQuiet } from "../history/importance.ts";
import { barsOf, type Lane } from "../history/lanes.ts";
import { countUpTo } from "../history/sorted.ts";
import type { TimeScale } from "../history/time-scale.ts";
import type { Palette } from "./theme.ts";

/** The part of the axis that is in sight, in its shortened milliseconds. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface LaneDrawing {
  readonly history: History;
  readonly scale: TimeScale;
  readonly window: Window;
  readonly lanes: readonly Lane[];
  readonly palette: Palette;
  readonly width: number;
  readonly height: number;
  /** The lanes begin that far above what is in sight. */
  readonly top: number;
  readonly cursorT: number;
  readonly now: number;
}

export const axisHeight = 22;
export const laneHeight = 20;

/** Draws an axis of time with its lanes. */
export function drawLanes(surface: HTMLCanvasElement, drawing: LaneDrawing): void {
  const { scale, window, lanes, palette, width, height, top, cursorT } = drawing;
  const ratio = devicePixelRatio;
  surface.width = Math.max(1, Math.round(width * ratio));
  surface.height = Math.max(1, Math.round(height * ratio));
  const pen = surface.getContext("2d");
  if (pen === null) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.textBaseline = "middle";
  const span = Math.max(1e-6, window.to - window.from);
  const x = (t: number) => ((scale.place(t) - window.from) / span) * width;
  const first = Math.max(0, Math.floor(top / laneHeight));
  lanes.slice(first, first + Math.ceil(height / laneHeight) + 1).forEach((lane, index) => {
    drawLane(pen, lane, axisHeight + (first + index) * laneHeight - top, x, drawing);
  });
  pen.clearRect(0, 0, width, axisHeight);
  drawGaps(pen, drawing, x);
  drawAxis(pen, drawing, x);
  const at = Math.round(x(cursorT)) + 0.5;
  pen.strokeStyle = palette.accent;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.moveTo(at, 6);
  pen.lineTo(at, height);
  pen.stroke();
  pen.fillStyle = palette.accent;
  pen.beginPath();
  pen.moveTo(at - 5, 0);
  pen.lineTo(at + 5, 0);
  pen.lineTo(at, 8);
  pen.fill();
}

type Place = (t: number) => number;

function drawLane(
  pen: CanvasRenderingContext2D,
  lane: Lane,
  y: number,
  x: Place,
  { palette, width, now }: LaneDrawing,
): void {
  pen.fillStyle = palette.line;
  pen.fillRect(0, y + laneHeight - 1, width, 1);
  for (const bar of barsOf(lane)) {
    const [left, right] = [x(bar.from), x(bar.to ?? now)];
    if (right < 0 || left > width) continue;
    const [from, length] = [Math.max(-2, left), Math.max(1.5, Math.min(width + 2, right) - Math.max(-2, left))];
    const colour = palette.tones[bar.tone];
    pen.globalAlpha = bar.tone === "over" ? 0.22 : 0.3;
    pen.fillStyle = colour;
    // What is over is a thin line: so a drop of the connection is a gap.
    const isThin = bar.tone === "over";
    pen.fillRect(from, isThin ? y + laneHeight / 2 - 1 : y + 2, Math.max(1, length - 1), isThin ? 2 : laneHeight - 6);
    pen.globalAlpha = 1;
    if (!isThin) pen.fillRect(from, y + 2, Math.min(2, length), laneHeight - 6);
    if (length > 44 && !isThin) {
      pen.fillStyle = palette.ink;
      pen.font = "11px system-ui, sans-serif";
      pen.save();
      pen.beginPath();
      pen.rect(from, y, length - 4, laneHeight);
      pen.clip();
      pen.fillText(bar.name, Math.max(4, left + 6), y + laneHeight / 2 - 1);
      pen.restore();
    }
  }
  for (const { events } of lane.tracks) {
    let last = Number.NEGATIVE_INFINITY;
    for (const { t, record } of events) {
      const at = x(t);
      const isIgnored = !record.taken && !isQuiet(record.event.type);
      if (at < 0 || at > width || (at - last < 1 && !isIgnored)) continue;
      last = at;
      pen.fillStyle = isIgnored ? palette.tones.failed : palette.soft;
      pen.fillRect(at - 0.5, y + laneHeight - (isIgnored ? 8 : 5), 1, isIgnored ? 6 : 3);
    }
  }
}

/** Idle gaps are marked, and where transitions are missing. */
function drawGaps(
  pen: CanvasRenderingContext2D,
  { scale, history, palette, width, height, now }: LaneDrawing,
  x: Place,
): void {
  for (const gap of scale.gaps) {
    const [left, right] = [x(gap.from), x(gap.to)];
    if (right < 0 || left > width) continue;
    hatch(pen, left, right, axisHeight, height, palette.line, 0.8);
    const text = `// ${duration(gap.to - gap.from)} //`;
    pen.font = "11px system-ui, sans-serif";
    if (pen.measureText(text).width < right - left + 12) {
      pen.fillStyle = palette.soft;
      pen.textAlign = "center";
      pen.fillText(text, (left + right) / 2, axisHeight / 2 + 3);
      pen.textAlign = "start";
    }
  }
  for (const skip of history.skips)
    hatch(pen, x(skip.from), x(skip.to ?? now), axisHeight, height, palette.tones.failed, 0.5);
}

function hatch(
  pen: CanvasRenderingContext2D,
  left: number,
  right: number,
  top: number,
  bottom: number,
  colour: string,
  alpha: number,
): void {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, Math.max(2, right - left), bottom - top);
  pen.clip();
  pen.strokeStyle = colour;
  pen.globalAlpha = alpha;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let from = Math.max(left, -20) - (bottom - top); from < Math.min(right, 4_000); from += 6) {
    pen.moveTo(from, bottom);
    pen.lineTo(from + (bottom - top), top);
  }
  pen.stroke();
  pen.restore();
}

const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

function drawAxis(
  pen: CanvasRenderingContext2D,
  { scale, window, palette, width, history }: LaneDrawing,
  x: Place,
): void {
  const step = steps.find((ms) => ((window.to - window.from) / ms) * 80 < width) ?? 3_600_000;
  pen.fillStyle = palette.soft;
  pen.strokeStyle = palette.line;
  pen.font = "11px system-ui, sans-serif";
  const [from, to] = [scale.time(window.from), scale.time(window.to)];
  let free = 0;
  let t = Math.ceil(from / step) * step;
  for (let count = 0; t <= to && count < 400; count += 1) {
    const at = x(t);
    const gap = scale.gaps.find((idle) => t > idle.from && t < idle.to);
    if (gap !== undefined) {
      t = Math.ceil(gap.to / step) * step;
      continue;
    }
    if (at >= free) {
      const text = step < 1_000 ? moment(t) : moment(t).slice(0, -4);
      pen.fillRect(at, axisHeight - 5, 1, 5);
      pen.fillText(text, at + 4, axisHeight / 2 + 3);
      free = at + pen.measureText(text).width + 24;
    }
    t += step;
  }
  // How much happened when: a fine profile under the ticks.
  const columns = Math.max(1, Math.floor(width / 3));
  const counts = Array.from({ length: columns + 1 }, (_, index) =>
    countUpTo(
      history.records,
      scale.time(window.from + (index / columns) * (window.to - window.from)),
      (record) => record.t,
    ),
  );
  const busiest = Math.max(1, ...counts.slice(1).map((count, index) => count - (counts[index] ?? 0)));
  pen.fillStyle = palette.accent;
  pen.globalAlpha = 0.45;
  counts.slice(1).forEach((count, index) => {
    const share = (count - (counts[index] ?? 0)) / busiest;
    if (share > 0) pen.fillRect(index * 3, axisHeight - 1 - Math.max(1, share * 6), 2, Math.max(1, share * 6));
  });
  pen.globalAlpha = 1;
}
