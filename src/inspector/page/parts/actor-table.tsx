import { useRef, useState } from "preact/hooks";
import { count, duration } from "../history/figures.ts";
import { textOf } from "../history/filter.ts";
import type { Oddity } from "../history/odd.ts";
import type { ActorView } from "../history/track.ts";
import { plural } from "./groups.ts";
import { legible, PlainText } from "./plain-text.tsx";
import { Rows } from "./rows.tsx";
import { StateName } from "./state-mark.tsx";

interface Column {
  readonly name: string;
  readonly title: string;
  readonly valueOf: (actor: ActorView, t: number) => string | number;
}

const columns: readonly Column[] = [
  { name: "kind", title: "Kind", valueOf: ({ machine }) => machine },
  { name: "name", title: "Name", valueOf: ({ name }) => name },
  { name: "state", title: "State", valueOf: ({ state }) => state },
  { name: "age", title: "In state", valueOf: ({ stateSince }, t) => t - stateSince },
  { name: "events", title: "Events", valueOf: ({ heard }) => heard },
  { name: "ignored", title: "Ignored", valueOf: ({ ignored }) => ignored },
  { name: "about", title: "About", valueOf: aboutActor },
];

/** What tells an actor from its like in a few words: what it runs, or where it is. */
function aboutActor({ facts }: ActorView): string {
  const telling = facts.argv ?? facts.command ?? facts.path ?? facts.url ?? facts.remote;
  if (telling !== undefined && telling !== null) return textOf(telling);
  return Object.entries(facts)
    .slice(0, 3)
    .map(([name, fact]) => `${name} ${legible(textOf(fact), 60)}`)
    .join(", ");
}

/** Sorts actors by a column of the table; `-age` from the largest down. Equal ones stay as they came. */
export function sortActors(actors: readonly ActorView[], sort: string, t: number): ActorView[] {
  const column = columns.find(({ name }) => name === sort.replace(/^-/, ""));
  if (column === undefined) return [...actors];
  const sign = sort.startsWith("-") ? -1 : 1;
  const keyed = actors.map((actor) => ({ actor, key: column.valueOf(actor, t) }));
  keyed.sort(
    (a, b) =>
      sign *
      (typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : collate(String(a.key), String(b.key))),
  );
  return keyed.map(({ actor }) => actor);
}

const { compare: collate } = new Intl.Collator("en", { numeric: true });

interface ActorTableProps {
  /** In the order in which they are shown. */
  readonly actors: readonly ActorView[];
  readonly t: number;
  readonly odd: ReadonlyMap<number, Oddity>;
  readonly picked: readonly number[];
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly onPick: (actor: ActorView, adds: boolean) => void;
  readonly onOpen: (actor: ActorView) => void;
}

/** Every actor as a row of a table that can be sorted. */
export function ActorTable({ actors, t, odd, picked, sort, onSort, onPick, onOpen }: ActorTableProps) {
  const [current, setCurrent] = useState<number | null>(null);
  const [moved, setMoved] = useState<number | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const index = Math.max(
    0,
    actors.findIndex(({ actor }) => actor === (current ?? picked.at(-1))),
  );
  const focused = actors[index];
  const move = (next: number) => {
    const actor = actors[Math.min(actors.length - 1, Math.max(0, next))];
    if (actor === undefined) return;
    setCurrent(actor.actor);
    setMoved(actors.indexOf(actor));
  };
  const jumps: Readonly<Record<string, number>> = {
    ArrowUp: index - 1,
    ArrowDown: index + 1,
    PageUp: index - 15,
    PageDown: index + 15,
    Home: 0,
    End: actors.length - 1,
  };
  return (
    <div
      ref={body}
      class="table"
      role="grid"
      aria-label={`${count(actors.length)} ${plural("actor")}`}
      aria-rowcount={actors.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      aria-activedescendant={focused === undefined ? undefined : `row-${focused.actor}`}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.target !== body.current) return;
        const jump = jumps[event.key];
        if (jump !== undefined) {
          event.preventDefault();
          event.stopPropagation();
          move(jump);
        } else if (focused !== undefined && (event.key === "Enter" || event.key === " ")) {
          event.preventDefault();
          if (event.key === "Enter" && picked.includes(focused.actor) && !event.shiftKey) onOpen(focused);
          else onPick(focused, event.shiftKey);
        }
      }}
    >
      <div class="table-row table-head" role="row" aria-rowindex={1}>
        {columns.map(({ name, title }) => {
          const direction = sort === name ? "ascending" : sort === `-${name}` ? "descending" : "none";
          return (
            <div key={name} role="columnheader" class={`cell-${name}`} aria-sort={direction}>
              <button type="button" onClick={() => onSort(direction === "ascending" ? `-${name}` : name)}>
                {title}
                <span aria-hidden="true">
                  {direction === "ascending" ? " ↑" : direction === "descending" ? " ↓" : ""}
                </span>
              </button>
            </div>
          );
        })}
      </div>
      <Rows
        count={actors.length}
        rowHeight={28}
        shown={moved}
        class="table-body"
        render={(at) => {
          const actor = actors[at];
          if (actor === undefined) return null;
          const oddity = odd.get(actor.actor);
          const isPicked = picked.includes(actor.actor);
          return (
            <div
              key={actor.actor}
              id={`row-${actor.actor}`}
              role="row"
              aria-rowindex={at + 2}
              aria-selected={isPicked}
              tabIndex={-1}
              class={`table-row ${isPicked ? "is-picked" : ""} ${focused === actor ? "is-current" : ""}`}
              onClick={(event) => {
                setCurrent(actor.actor);
                onPick(actor, event.shiftKey);
              }}
              onDblClick={() => onOpen(actor)}
            >
              <Cell name="kind">{actor.machine}</Cell>
              <Cell name="name">
                <PlainText text={actor.name} most={80} />
              </Cell>
              <Cell name="state">
                <StateName state={actor.state} tone={actor.tone} />
              </Cell>
              <Cell name="age">{duration(t - actor.stateSince)}</Cell>
              <Cell name="events">{count(actor.heard)}</Cell>
              <Cell name="ignored">{actor.ignored === 0 ? "" : count(actor.ignored)}</Cell>
              <Cell name="about">
                {oddity !== undefined && <span class="odd-text">{oddity.text} </span>}
                <PlainText text={aboutActor(actor)} most={200} />
              </Cell>
            </div>
          );
        }}
      />
    </div>
  );
}

function Cell({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div role="gridcell" class={`cell-${name}`}>
      {children}
    </div>
  );
}
