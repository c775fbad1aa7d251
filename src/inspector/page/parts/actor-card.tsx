import { duration } from "../history/figures.ts";
import type { ActorView } from "../history/track.ts";
import { FactList } from "./facts.tsx";
import { PlainText } from "./plain-text.tsx";
import { StateName } from "./state-mark.tsx";
import { Story } from "./story.tsx";
import { useViewer } from "./use-viewer.ts";

/** An actor in short, beside the fleet. */
export function ActorCard({ view, differing }: { readonly view: ActorView; readonly differing: ReadonlySet<string> }) {
  const viewer = useViewer();
  const { cursor, scene, route } = viewer;
  const owner = view.owner === null ? undefined : scene.byNumber.get(view.owner);
  return (
    <article class="card" aria-label={view.name.slice(0, 100)}>
      <header>
        <h2>
          <a href={viewer.href({ page: "actor", actor: view.actor })}>
            <PlainText text={view.name} most={100} />
          </a>
        </h2>
        <button
          type="button"
          class="icon"
          aria-label="Put away"
          onClick={() => viewer.go({ picked: route.picked.filter((actor) => actor !== view.actor) })}
        >
          ×
        </button>
      </header>
      <p>
        <StateName state={view.state} tone={view.tone} />{" "}
        <span class="soft">for {duration(cursor.t - view.stateSince)}</span>
      </p>
      <Story view={view} />
      {owner !== undefined && (
        <p class="soft">
          of{" "}
          <a href={viewer.href({ page: "actor", actor: owner.actor })}>
            <PlainText text={owner.name} most={60} />
          </a>
        </p>
      )}
      <FactList view={view} t={cursor.t} differing={differing} />
      <p>
        <a class="button" href={viewer.href({ page: "actor", actor: view.actor })}>
          Chart, events and output
        </a>
      </p>
    </article>
  );
}
