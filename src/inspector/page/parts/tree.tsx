import { count } from "../history/figures.ts";
import type { Scene } from "../history/history.ts";
import type { Tone } from "../history/state-name.ts";
import type { ActorView } from "../history/track.ts";
import { compareMachines, plural } from "./groups.ts";
import { legible, PlainText } from "./plain-text.tsx";
import { Mark } from "./state-mark.tsx";

interface TreeProps {
  readonly scene: Scene;
  readonly title: string;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
  readonly onPick: (actor: ActorView) => void;
}

/** Owners beyond this number are a filter away. */
const mostOwners = 24;

/** Who owns what, with a count for each state; choosing one filters the rest of the page. */
export function Tree({ scene, title, filter, onFilter, onPick }: TreeProps) {
  const machines = [...new Set(scene.actors.map(({ machine }) => machine))].sort(compareMachines);
  const owned = Map.groupBy(scene.actors, ({ owner }) => owner);
  return (
    <nav class="tree" aria-label="Tree">
      <h2>
        <button type="button" aria-pressed={filter === ""} onClick={() => onFilter("")}>
          {title} <span class="number">{count(scene.actors.length)}</span>
        </button>
      </h2>
      <ul>
        {machines.map((machine) => {
          const actors = scene.actors.filter((actor) => actor.machine === machine);
          const owners = actors.filter(({ actor }) => owned.has(actor));
          return (
            <li key={machine}>
              <Choice filter={filter} wish={`kind:${machine}`} onFilter={onFilter} class="tree-kind">
                {legible(plural(machine), 40)} <span class="number">{count(actors.length)}</span>
              </Choice>
              <Counts actors={actors} scope={`kind:${machine}`} filter={filter} onFilter={onFilter} />
              {owners.length > 0 && (
                <ul class="tree-owners">
                  {owners.slice(0, mostOwners).map((owner) => (
                    <li key={owner.actor}>
                      <button type="button" class="tree-owner" title={owner.state} onClick={() => onPick(owner)}>
                        <Mark tone={owner.tone} />
                        <PlainText text={owner.name} most={40} />
                        <span class="unseen">{owner.state}</span>
                        <span class="number">{count(owned.get(owner.actor)?.length ?? 0)}</span>
                      </button>
                    </li>
                  ))}
                  {owners.length > mostOwners && <li class="soft">and {count(owners.length - mostOwners)} more</li>}
                </ul>
              )}
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

interface CountsProps {
  readonly actors: readonly ActorView[];
  readonly scope: string;
  readonly filter: string;
  readonly onFilter: (filter: string) => void;
}

function Counts({ actors, scope, filter, onFilter }: CountsProps) {
  const counts = new Map<string, { tone: Tone; number: number }>();
  for (const { state, tone } of actors) counts.set(state, { tone, number: (counts.get(state)?.number ?? 0) + 1 });
  return (
    <ul class="tree-states">
      {[...counts].map(([state, { tone, number }]) => (
        <li key={state}>
          <Choice filter={filter} wish={`${scope} state:${state}`} onFilter={onFilter}>
            <Mark tone={tone} />
            {legible(state, 40)}
            <span class="number">{count(number)}</span>
          </Choice>
        </li>
      ))}
    </ul>
  );
}

interface ChoiceProps extends Pick<CountsProps, "filter" | "onFilter"> {
  readonly wish: string;
  readonly class?: string;
  readonly children: preact.ComponentChildren;
}

function Choice({ filter, wish, onFilter, children, class: className = "" }: ChoiceProps) {
  const isChosen = filter === wish;
  return (
    <button type="button" class={className} aria-pressed={isChosen} onClick={() => onFilter(isChosen ? "" : wish)}>
      {children}
    </button>
  );
}
