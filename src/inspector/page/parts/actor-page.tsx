import { useMemo } from "preact/hooks";
import { ChartView } from "../chart/chart-view.tsx";
import { useCharts } from "../chart/use-charts.ts";
import { WhyNot } from "../chart/why-not.tsx";
import { duration, moment } from "../history/figures.ts";
import { describeValue } from "../history/state-name.ts";
import type { ActorView, Track } from "../history/track.ts";
import { ContextView } from "./context-view.tsx";
import { EventList } from "./event-list.tsx";
import { FactList } from "./facts.tsx";
import { Orders } from "./orders.tsx";
import { OutputTerminal } from "./output-terminal.tsx";
import { legible, PlainText } from "./plain-text.tsx";
import { StateName } from "./state-mark.tsx";
import { Story } from "./story.tsx";
import { useViewer } from "./use-viewer.ts";

/** One actor: its states, what it heard, what it remembers and what it printed. */
export function ActorPage({ actor }: { readonly actor: number }) {
  const { history, cursor } = useViewer();
  const track = history.tracks.get(actor);
  if (track === undefined) return <Absent text={`There is no actor ${actor} in this history.`} />;
  if (track.born.order >= cursor.position)
    return <Absent text={`It is created at ${moment(track.born.t)}, after the moment that is shown.`} />;
  // Who is gone is shown as it last was.
  const view = track.at(track.gone === null ? cursor.position : Math.min(cursor.position, track.gone.order));
  return <ActorParts key={actor} track={track} view={view} />;
}

function ActorParts({ track, view }: { readonly track: Track; readonly view: ActorView }) {
  const viewer = useViewer();
  const { cursor, scene } = viewer;
  const owner = view.owner === null ? undefined : scene.byNumber.get(view.owner);
  const owned = scene.actors.filter((other) => other.owner === view.actor);
  const charts = useCharts();
  const hash = viewer.history.header?.machines[track.machine];
  const replay = useMemo(() => charts?.ActorReplay.of(track, hash) ?? null, [charts, track, hash]);
  const replayed = replay?.at(cursor.position, cursor.t) ?? null;
  const recorded = track.replayFrom(cursor.position);
  const isGone = track.gone !== null && track.gone.order < cursor.position;
  return (
    <main class="actor" aria-label={view.name.slice(0, 100)}>
      <header class="actor-head">
        <p class="trail">
          <a href={viewer.href({ page: "fleet", actor: null })}>Fleet</a>
          {owner !== undefined && (
            <>
              {" / "}
              <a href={viewer.href({ page: "actor", actor: owner.actor })}>
                <PlainText text={owner.name} most={60} />
              </a>
            </>
          )}
        </p>
        <h2>
          <PlainText text={view.name} most={200} />
        </h2>
        <StateName state={view.state} tone={view.tone} />
        <span class="soft">for {duration(cursor.t - view.stateSince)}</span>
        {isGone && <span class="badge">gone since {moment(track.gone?.t ?? 0)}</span>}
        <Orders view={view} />
      </header>
      <section class="panel chart-panel" aria-label="States">
        <header>
          <h2>States</h2>
          <code class="value">{legible(describeValue(view.value))}</code>
          {replay !== null && replay.fault !== null && (
            <span class="badge attention">{legible(replay.fault, 120)}</span>
          )}
          {replayed !== null && replayed.divergences > 0 && <span class="badge failed">diverged</span>}
        </header>
        <Story view={view} />
        {replayed !== null && <ChartView drawing={replayed.drawing} />}
      </section>
      <EventList track={track} view={view} />
      <section class="panel facts-panel" aria-label="Facts">
        <header>
          <h2>Facts</h2>
        </header>
        <FactList view={view} t={cursor.t} />
        {owned.length > 0 && (
          <ul class="owned" aria-label="Owns">
            {owned.slice(0, 50).map((other) => (
              <li key={other.actor}>
                <a href={viewer.href({ page: "actor", actor: other.actor })}>
                  <PlainText text={other.name} most={60} />
                </a>{" "}
                <StateName state={other.state} tone={other.tone} />
              </li>
            ))}
            {owned.length > 50 && <li class="soft">and {owned.length - 50} more</li>}
          </ul>
        )}
      </section>
      {replayed !== null && replayed.snapshot !== null ? (
        <ContextView context={replayed.context} before={replayed.before} isRebuilt={true} />
      ) : (
        recorded !== null && (
          <ContextView context={recorded.anchor.context} before={null} isRebuilt={recorded.events.length === 0} />
        )
      )}
      {replay !== null && replayed !== null && replayed.snapshot !== null && (
        <WhyNot observed={replay.observed} snapshot={replayed.snapshot} />
      )}
      {(view.machine.endsWith("process") || track.outputs.length > 0) && <OutputTerminal track={track} view={view} />}
    </main>
  );
}

function Absent({ text }: { readonly text: string }) {
  const viewer = useViewer();
  return (
    <main class="actor" aria-label="Actor">
      <p class="nothing">
        {text} <a href={viewer.href({ page: "fleet", actor: null })}>Back to the fleet</a>
      </p>
    </main>
  );
}
