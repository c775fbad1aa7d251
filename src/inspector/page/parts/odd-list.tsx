import { count } from "../history/figures.ts";
import type { Scene } from "../history/history.ts";
import type { Oddity } from "../history/odd.ts";
import type { ActorView } from "../history/track.ts";
import { PlainText } from "./plain-text.tsx";

const shown = 12;
const marks: Readonly<Record<Oddity["kind"], string>> = {
  divergent: "≠",
  failed: "✕",
  heldBack: "▲",
  ignored: "○",
  slow: "…",
  retained: "–",
};

/** What a person should look at first. */
export function OddList({
  oddities,
  scene,
  onPick,
  onAll,
}: {
  readonly oddities: readonly Oddity[];
  readonly scene: Scene;
  readonly onPick: (actor: ActorView) => void;
  readonly onAll: () => void;
}) {
  return (
    <section class="odd" aria-label="Odd">
      <h2>
        <button type="button" disabled={oddities.length === 0} onClick={onAll}>
          Odd <span class="number">{count(oddities.length)}</span>
        </button>
      </h2>
      {oddities.length === 0 && <p class="soft">Nothing stands out.</p>}
      <ul>
        {oddities.slice(0, shown).map(({ actor, kind, text }) => {
          const view = scene.byNumber.get(actor);
          if (view === undefined) return null;
          return (
            <li key={actor}>
              <button type="button" class={`odd-${kind}`} onClick={() => onPick(view)}>
                <span class="odd-mark" aria-hidden="true">
                  {marks[kind]}
                </span>
                <span>
                  <PlainText text={view.name} most={48} />
                  <span class="odd-text">{text}</span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
