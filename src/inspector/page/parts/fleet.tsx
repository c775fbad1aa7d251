import { useMemo, useRef } from "preact/hooks";
import { toCsv } from "../history/export-csv.ts";
import { toPerfetto } from "../history/export-perfetto.ts";
import { count } from "../history/figures.ts";
import { parseFilter } from "../history/filter.ts";
import type { Tone } from "../history/state-name.ts";
import type { ActorView } from "../history/track.ts";
import { ActorCard } from "./actor-card.tsx";
import { ActorTable, sortActors } from "./actor-table.tsx";
import { Counters } from "./counters.tsx";
import { download } from "./download.ts";
import { differingFacts } from "./facts.tsx";
import { groupActors } from "./groups.ts";
import { OddList } from "./odd-list.tsx";
import { legible } from "./plain-text.tsx";
import { Mark } from "./state-mark.tsx";
import { TileCanvas } from "./tile-canvas.tsx";
import { Tree } from "./tree.tsx";
import { useViewer } from "./use-viewer.ts";

/** Cards side by side; a further one takes the place of the oldest. */
const mostPicked = 4;

/** All actors at once. */
export function Fleet() {
  const viewer = useViewer();
  const { route, cursor, scene, oddities, history } = viewer;
  const search = useRef<HTMLInputElement>(null);
  const filter = useMemo(() => parseFilter(route.filter), [route.filter]);
  const odd = useMemo(() => new Map(oddities.map((oddity) => [oddity.actor, oddity])), [oddities]);
  const surroundings = {
    t: cursor.t,
    ownerOf: ({ owner }: ActorView) => (owner === null ? undefined : scene.byNumber.get(owner)),
    isOdd: ({ actor }: ActorView) => odd.has(actor),
  };
  const found = scene.actors.filter((actor) => filter.matches(actor, surroundings));
  const actors = route.view === "table" ? sortActors(found, route.sort, cursor.t) : found;
  // A tile stays where it is as long as the actors and their states are the same.
  const shape = actors.map(({ actor, state, owner }) => `${actor} ${state} ${owner}`).join();
  const groups = useMemo(() => groupActors(actors, route.group, scene), [shape, route.group]);
  const picked = useMemo(() => route.picked, [route.picked.join()]);
  const cards = picked.flatMap((actor) => scene.byNumber.get(actor) ?? []);
  const pick = ({ actor }: ActorView, adds: boolean) => {
    const others = route.picked.filter((other) => other !== actor);
    if (!adds) viewer.go({ picked: [actor] });
    else viewer.go({ picked: others.length < route.picked.length ? others : [...others, actor].slice(-mostPicked) });
  };
  const openActor = ({ actor }: ActorView) => viewer.go({ page: "actor", actor });
  return (
    <main class={`fleet ${cards.length > 0 ? "has-cards" : ""}`} aria-label="Fleet">
      <aside class="side" aria-label="Overview">
        <OddList
          oddities={oddities}
          scene={scene}
          onPick={(actor) => pick(actor, false)}
          onAll={() => viewer.go({ filter: "is:odd" })}
        />
        <Tree
          scene={scene}
          title={history.header?.side ?? "nothing yet"}
          filter={route.filter}
          onFilter={(text) => viewer.go({ filter: text })}
          onPick={(actor) => pick(actor, false)}
        />
        <Counters records={history.countersUpTo(cursor.t)} />
      </aside>
      <section class="centre" aria-label="Actors">
        <div class="tools">
          <input
            ref={search}
            id="search"
            type="search"
            aria-label="Filter"
            aria-invalid={filter.trouble !== null}
            placeholder="/ filter: make, state:Running kind:process argv:~test age:>10s is:odd"
            spellcheck={false}
            value={route.filter}
            onInput={(event) => viewer.go({ filter: event.currentTarget.value }, { replace: true })}
          />
          <span class="number" role="status" aria-label="Found">
            {count(found.length)}
            {found.length === scene.actors.length ? "" : ` of ${count(scene.actors.length)}`}
          </span>
          <Choices
            label="View"
            chosen={route.view}
            choices={["tiles", "table"]}
            onChoose={(view) => viewer.go({ view })}
          />
          {route.view === "tiles" && (
            <label>
              by{" "}
              <select
                value={route.group}
                onChange={(event) => viewer.go({ group: groupOf(event.currentTarget.value) })}
              >
                <option value="owner">owner</option>
                <option value="machine">kind</option>
                <option value="state">state</option>
              </select>
            </label>
          )}
          <button
            type="button"
            onClick={() => download("actors.csv", "text/csv", toCsv(sortActors(found, route.sort, cursor.t), cursor.t))}
          >
            CSV
          </button>
          <button type="button" onClick={() => download("perfetto.json", "application/json", toPerfetto(history))}>
            Perfetto
          </button>
        </div>
        {filter.trouble !== null && <p class="trouble">{filter.trouble}</p>}
        {scene.actors.length === 0 ? (
          <Nothing />
        ) : found.length === 0 ? (
          <p class="nothing">Nothing matches the filter.</p>
        ) : route.view === "table" ? (
          <ActorTable
            actors={actors}
            t={cursor.t}
            odd={odd}
            picked={picked}
            sort={route.sort}
            onSort={(sort) => viewer.go({ sort })}
            onPick={pick}
            onOpen={openActor}
          />
        ) : (
          <TileCanvas groups={groups} odd={odd} picked={picked} onPick={pick} onOpen={openActor} />
        )}
        <Legend actors={found} />
      </section>
      {cards.length > 0 && (
        <aside class="cards" aria-label="Picked">
          {cards.map((view) => (
            <ActorCard
              key={view.actor}
              view={view}
              differing={cards.length > 1 ? differingFacts(cards.map(({ facts }) => facts)) : new Set()}
            />
          ))}
        </aside>
      )}
    </main>
  );
}

function groupOf(value: string): "owner" | "machine" | "state" {
  return value === "machine" || value === "state" ? value : "owner";
}

function Nothing() {
  const { source } = useViewer();
  if (source.kind === "failed") return <p class="nothing">{source.reason}</p>;
  return (
    <p class="nothing">{source.kind === "live" ? "Nothing is there yet." : "Drop a recording here, or open one."}</p>
  );
}

/** What the colours and shapes stand for. */
function Legend({ actors }: { readonly actors: readonly ActorView[] }) {
  const states = new Map<string, { tone: Tone; number: number }>();
  for (const { state, tone } of actors) states.set(state, { tone, number: (states.get(state)?.number ?? 0) + 1 });
  return (
    <ul class="legend" aria-label="Legend">
      {[...states].map(([state, { tone, number }]) => (
        <li key={state}>
          <Mark tone={tone} /> {legible(state, 40)} <span class="number">{count(number)}</span>
        </li>
      ))}
    </ul>
  );
}

function Choices<Choice extends string>({
  label,
  chosen,
  choices,
  onChoose,
}: {
  readonly label: string;
  readonly chosen: Choice;
  readonly choices: readonly Choice[];
  readonly onChoose: (choice: Choice) => void;
}) {
  return (
    <div class="choices" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice} type="button" aria-pressed={choice === chosen} onClick={() => onChoose(choice)}>
          {choice}
        </button>
      ))}
    </div>
  );
}
