import { useMemo, useState } from "preact/hooks";
import type { Cause } from "../../records.ts";
import { count, duration, moment } from "../history/figures.ts";
import { describeQuiet, type Fold, foldQuiet, sayType } from "../history/importance.ts";
import type { ActorView, Heard, Track } from "../history/track.ts";
import { legible, PlainText } from "./plain-text.tsx";
import { Rows } from "./rows.tsx";
import { StateName } from "./state-mark.tsx";
import { useViewer } from "./use-viewer.ts";

/** What an actor heard up to the moment that is shown, the newest first. */
export function EventList({ track, view }: { readonly track: Track; readonly view: ActorView }) {
  const viewer = useViewer();
  const { cursor, route, history } = viewer;
  const [isQuietShown, wanted] = [route.quiet, route.events.toLowerCase()];
  const events = track.eventsUpTo(cursor.position);
  // The list of a track grows in place: its length says when it has.
  const rows = useMemo((): readonly Fold<Heard>[] => {
    const found = wanted === "" ? events : events.filter(({ record }) => matches(record.event, record.taken, wanted));
    const folds = isQuietShown
      ? found.map((item) => ({ kind: "one", item }) as const)
      : foldQuiet(found, ({ record }) => record.event.type);
    return folds.toReversed();
  }, [track, events.length, events[0]?.order, wanted, isQuietShown]);
  const [at, setAt] = useState(0);
  const index = Math.min(at, Math.max(0, rows.length - 1));
  return (
    <section class="panel events" aria-label="Events">
      <header>
        <h2>
          Events <span class="number">{count(view.heard)}</span>
        </h2>
        <input
          type="search"
          aria-label="Search events"
          placeholder="search, or ignored"
          value={route.events}
          onInput={(event) => viewer.go({ events: event.currentTarget.value }, { replace: true })}
        />
        <button
          type="button"
          aria-pressed={!isQuietShown}
          onClick={() => viewer.go({ quiet: !isQuietShown }, { replace: true })}
        >
          quiet folded
        </button>
      </header>
      {rows.length === 0 ? (
        <p class="nothing">
          {wanted === ""
            ? track.since < history.firstT
              ? "It has heard nothing since this history began."
              : "It has heard nothing yet."
            : "No event is like that."}
        </p>
      ) : (
        <div
          class="event-list"
          role="list"
          aria-label="Newest first"
          onKeyDown={(event) => {
            const next = event.key === "ArrowDown" ? index + 1 : event.key === "ArrowUp" ? index - 1 : null;
            if (next === null) return;
            event.preventDefault();
            event.stopPropagation();
            setAt(Math.max(0, Math.min(rows.length - 1, next)));
            const list = event.currentTarget;
            requestAnimationFrame(() =>
              list
                .querySelector<HTMLButtonElement>(`[data-index="${Math.max(0, Math.min(rows.length - 1, next))}"]`)
                ?.focus(),
            );
          }}
        >
          <Rows
            count={rows.length}
            rowHeight={26}
            shown={at}
            render={(row) => {
              const fold = rows[row];
              if (fold === undefined) return null;
              const newest = fold.kind === "one" ? fold.item : (fold.items.at(-1) ?? fold.items[0]);
              return (
                <div
                  key={newest.order}
                  role="listitem"
                  class="event-row"
                  aria-posinset={row + 1}
                  aria-setsize={rows.length}
                >
                  <button
                    type="button"
                    data-index={row}
                    tabIndex={row === index ? 0 : -1}
                    class={fold.kind === "quiet" ? "is-quiet" : fold.item.record.taken ? "" : "is-ignored"}
                    onClick={() => {
                      setAt(row);
                      viewer.seekPosition(newest.order + 1);
                    }}
                  >
                    <span class="moment">{moment(newest.t)}</span>
                    {fold.kind === "quiet" ? (
                      <span class="event-what">
                        … {describeQuiet(fold.items.map(({ record }) => record.event.type))}
                      </span>
                    ) : (
                      <EventWords heard={fold.item} track={track} />
                    )}
                  </button>
                </div>
              );
            }}
          />
        </div>
      )}
      <EventDetail heard={events.at(-1)} track={track} before={events.at(-2)} isCut={history.isCut} />
    </section>
  );
}

function EventWords({ heard, track }: { readonly heard: Heard; readonly track: Track }) {
  const { event, taken } = heard.record;
  const stay = track.stateAfter(heard.order);
  const isTurn = stay?.order === heard.order;
  return (
    <>
      <span class="event-what">
        <PlainText text={sayType(event.type)} most={120} />
        <span class="soft"> {legible(payloadOf(event), 120)}</span>
      </span>
      {!taken && <span class="badge attention">ignored</span>}
      {isTurn && stay !== undefined && <StateName state={stay.name} tone={stay.tone} />}
    </>
  );
}

/** The newest event of the moment that is shown, whole. */
function EventDetail({
  heard,
  before,
  isCut,
}: {
  readonly heard: Heard | undefined;
  readonly before: Heard | undefined;
  readonly track: Track;
  readonly isCut: boolean;
}) {
  if (heard === undefined) return isCut ? <p class="soft">Older events are not kept.</p> : null;
  const { event, taken, because } = heard.record;
  return (
    <p class="event-detail">
      <b>{legible(event.type, 200)}</b> {taken ? "was taken" : "was ignored: nothing answers it in this state"}
      {before === undefined ? "" : `, ${duration(heard.t - before.t)} after the one before`}{" "}
      <code>{legible(payloadOf(event), 1_000)}</code>
      {because !== undefined && <Because cause={because} />}
    </p>
  );
}

/** What led to an event: the actor, where more is to be seen, and what it was doing. Methods of requests have a slash. */
function Because({ cause: { actor, type } }: { readonly cause: Cause }) {
  const viewer = useViewer();
  const name = viewer.history.tracks.get(actor)?.name ?? `actor ${actor}`;
  return (
    <span class="because">
      because{" "}
      <a href={viewer.href({ page: "actor", actor })}>
        <PlainText text={name} most={60} />
      </a>{" "}
      {type.includes("/") ? "was asked for" : "heard"} <b>{legible(sayType(type), 120)}</b>
    </span>
  );
}

function payloadOf(event: Heard["record"]["event"]): string {
  const { type: _, ...payload } = event;
  return Object.entries(payload)
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

function matches(event: Heard["record"]["event"], taken: boolean, wanted: string): boolean {
  if (wanted === "ignored") return !taken;
  return JSON.stringify(event).toLowerCase().includes(wanted);
}
