import { moment } from "../history/figures.ts";
import { tellStory } from "../history/story.ts";
import type { ActorView } from "../history/track.ts";
import { useViewer } from "./use-viewer.ts";

/** How an actor came to stand as it does, in words; each step leads to its moment. */
export function Story({ view }: { readonly view: ActorView }) {
  const viewer = useViewer();
  const track = viewer.history.tracks.get(view.actor);
  const steps = track === undefined ? [] : tellStory(track, view, viewer.cursor.position);
  if (steps.length === 0) return null;
  return (
    <section class="story" aria-label="What happened">
      <h3>What happened</h3>
      <ol>
        {steps.map(({ order, t, text }) => (
          <li key={order}>
            <button type="button" class="moment" onClick={() => viewer.seekPosition(order + 1)}>
              {moment(t)}
            </button>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
