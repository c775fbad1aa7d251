import type { CountersRecord } from "../../records.ts";
import { figure, figureName } from "../history/figures.ts";
import { legible } from "./plain-text.tsx";

const chartWidth = 120;
const chartHeight = 22;
/** Points of a line; there is no room for more. */
const mostPoints = 120;

/** How the whole program does: each counter with its figure, and its course. */
export function Counters({ records }: { readonly records: readonly CountersRecord[] }) {
  const newest = records.at(-1);
  if (newest === undefined) return null;
  const recent = records.slice(-mostPoints);
  return (
    <section class="counters" aria-label="Counters">
      <h2>Counters</h2>
      <dl>
        {Object.entries(newest.counters).map(([name, value]) => (
          <div key={name}>
            <dt>{legible(figureName(name), 40)}</dt>
            <dd>
              <svg
                viewBox={`0 0 ${chartWidth} ${chartHeight}`}
                width={chartWidth}
                height={chartHeight}
                aria-hidden="true"
              >
                <polyline points={lineOf(recent.map(({ counters }) => counters[name] ?? 0))} />
              </svg>
              <span class="number">{figure(name, value)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function lineOf(values: readonly number[]): string {
  const most = Math.max(1, ...values);
  const stepX = chartWidth / Math.max(1, values.length - 1);
  return values
    .map(
      (value, index) =>
        `${(index * stepX).toFixed(1)},${(chartHeight - 1 - (value / most) * (chartHeight - 2)).toFixed(1)}`,
    )
    .join(" ");
}
