import type { Tone } from "../history/state-name.ts";
import { legible } from "./plain-text.tsx";

const shapes: Readonly<Record<Tone, string>> = {
  beginning: "M6 1.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 0 0 0-8.8zm0 1.8a2.6 2.6 0 1 1 0 5.2a2.6 2.6 0 0 1 0-5.2z",
  active: "M6 1.6a4.4 4.4 0 1 1 0 8.8a4.4 4.4 0 0 1 0-8.8z",
  attention: "M6 1l5.2 9.4H.8z",
  over: "M2 4.9h8v2.2H2z",
  failed: "M2.9 1.5L6 4.6l3.1-3.1l1.4 1.4L7.4 6l3.1 3.1l-1.4 1.4L6 7.4l-3.1 3.1l-1.4-1.4L4.6 6L1.5 2.9z",
};

/** The shape of a tone within 12 by 12, as an SVG path: the canvas draws the same. */
export function shapeOf(tone: Tone): string {
  return shapes[tone];
}

/** The mark of a tone: its shape says what its colour says. */
export function Mark({ tone }: { readonly tone: Tone }) {
  return (
    <svg class={`mark tone-${tone}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path d={shapes[tone]} />
    </svg>
  );
}

/** A state by its mark and name. */
export function StateName({ state, tone }: { readonly state: string; readonly tone: Tone }) {
  return (
    <span class={`state tone-${tone}`} data-state={state}>
      <Mark tone={tone} />
      {legible(state, 60)}
    </span>
  );
}
