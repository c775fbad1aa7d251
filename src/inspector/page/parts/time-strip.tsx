import { moment } from "../history/figures.ts";
import { lanesFor } from "../history/lanes.ts";
import { Timeline } from "./timeline.tsx";
import { useViewer } from "./use-viewer.ts";

const mostLanes = 6;

/** Time, at the foot of every page. */
export function TimeStrip() {
  const viewer = useViewer();
  const { history, cursor, subject, route } = viewer;
  const lanes = lanesFor(history, subject, cursor.position, mostLanes);
  return (
    <section class="strip" aria-label="Time">
      <div class="strip-tools" role="group" aria-label="Steps">
        <button
          type="button"
          class="icon"
          aria-label="To the beginning"
          title="To the beginning"
          onClick={() => viewer.seek(history.firstT)}
        >
          <Sign d="M2 2h2v8H2zM11 2v8L5 6z" />
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Step back"
          title="Step back (←)"
          onClick={() => viewer.step(-1, subject)}
        >
          <Sign d="M9 2v8L2 6z" />
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Step on"
          title="Step on (→)"
          onClick={() => viewer.step(1, subject)}
        >
          <Sign d="M3 2v8l7-4z" />
        </button>
        <button
          type="button"
          class="icon"
          aria-label="To the newest moment"
          title="To the newest moment (l)"
          onClick={() => viewer.go({ at: null })}
        >
          <Sign d="M8 2h2v8H8zM1 2v8l6-4z" />
        </button>
        <output class="cursor" aria-label="Moment">
          {moment(cursor.t)}
        </output>
        {history.header !== null && <span class="soft wall">{wallTime(history.header.startedAt, cursor.t)}</span>}
      </div>
      {route.page !== "time" && <Timeline lanes={lanes} label="Time" />}
    </section>
  );
}

function Sign({ d }: { readonly d: string }) {
  return (
    <svg viewBox="0 0 12 12" width="11" height="11" fill="currentColor" aria-hidden="true">
      <path d={d} />
    </svg>
  );
}

function wallTime(startedAt: string, t: number): string {
  const ms = Date.parse(startedAt) + t;
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(11, 23) : "";
}
