import { parseFilter } from "../history/filter.ts";
import { allLanes } from "../history/lanes.ts";
import { Timeline } from "./timeline.tsx";
import { useViewer } from "./use-viewer.ts";

/** Everybody over time. */
export function TimePage() {
  const viewer = useViewer();
  const { history, route, cursor, scene } = viewer;
  const filter = parseFilter(route.filter);
  const surroundings = { t: cursor.t, isOdd: () => false, ownerOf: () => undefined };
  const lanes = allLanes(history).filter(({ tracks }) =>
    tracks.some((track) =>
      filter.matches(
        scene.byNumber.get(track.actor) ?? track.at(Math.max(cursor.position, track.born.order + 1)),
        surroundings,
      ),
    ),
  );
  return (
    <main class="time" aria-label="All tracks">
      <div class="tools">
        <input
          id="search"
          type="search"
          aria-label="Filter"
          placeholder="/ filter the tracks"
          value={route.filter}
          onInput={(event) => viewer.go({ filter: event.currentTarget.value }, { replace: true })}
        />
        <span class="number">{lanes.length} tracks</span>
        {filter.trouble !== null && <span class="trouble">{filter.trouble}</span>}
      </div>
      <Timeline lanes={lanes} label="All tracks over time" />
    </main>
  );
}
