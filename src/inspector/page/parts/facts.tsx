import type { Facts, Json } from "../../records.ts";
import { duration, figure, figureName } from "../history/figures.ts";
import { textOf } from "../history/filter.ts";
import type { ActorView } from "../history/track.ts";
import { legible, PlainText } from "./plain-text.tsx";

/** What is known of an actor beside its machine; `differing` names what sets it apart from those it is compared with. */
export function FactList({
  view,
  t,
  differing,
}: {
  readonly view: ActorView;
  readonly t: number;
  readonly differing?: ReadonlySet<string>;
}) {
  return (
    <dl class="facts">
      <Fact name="age" isDifferent={false}>
        {duration(t - view.since)}
      </Fact>
      {Object.entries(view.facts).map(([name, value]) => (
        <Fact key={name} name={figureNameOf(name, value)} isDifferent={differing?.has(name) === true}>
          {typeof value === "number" ? (
            figureOf(name, value)
          ) : value === null ? (
            <span class="soft">none</span>
          ) : (
            <PlainText text={textOf(value)} most={2_000} />
          )}
        </Fact>
      ))}
    </dl>
  );
}

/** Figures that name something: they are not counted. */
const ordinal = /^(pid|exitCode|lastSeq|port|generation|rows|cols)$|Id$|Seq$/;

function figureOf(name: string, value: number): string {
  return ordinal.test(name) ? String(value) : figure(name, value);
}

function figureNameOf(name: string, value: Json): string {
  return typeof value === "number" && !ordinal.test(name)
    ? figureName(name)
    : name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

function Fact({
  name,
  isDifferent,
  children,
}: {
  readonly name: string;
  readonly isDifferent: boolean;
  readonly children: preact.ComponentChildren;
}) {
  return (
    <div class={isDifferent ? "differs" : ""}>
      <dt>{legible(name, 80)}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The names of the facts that are not the same everywhere. */
export function differingFacts(all: readonly Facts[]): ReadonlySet<string> {
  const names = new Set(all.flatMap((facts) => Object.keys(facts)));
  return new Set([...names].filter((name) => new Set(all.map((facts) => JSON.stringify(facts[name]))).size > 1));
}
