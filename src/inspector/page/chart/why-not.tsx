import { useState } from "preact/hooks";
import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { StateValue } from "../../records.ts";
import type { ObservedMachine } from "../../replay/observed-machine.ts";
import type { Verdict } from "../../replay/why-not.ts";
import { describeValue } from "../history/state-name.ts";
import { useCharts } from "./use-charts.ts";

const verdicts: Readonly<Record<Verdict, string>> = {
  taken: "✓ would be taken",
  refused: "✕ its guard says no",
  preceded: "– another comes first",
  inactive: "○ not in that state",
};

/**
 * What an event would do at the moment that is shown, edge by edge; and what would come of several, one after the other. Nothing of it
 * leaves the page.
 */
export function WhyNot({
  observed,
  snapshot,
}: {
  readonly observed: ObservedMachine;
  readonly snapshot: AnyMachineSnapshot;
}) {
  const charts = useCharts();
  const [type, setType] = useState("");
  const [members, setMembers] = useState("");
  const [supposed, setSupposed] = useState<{
    readonly of: AnyMachineSnapshot;
    readonly heard: string[];
    readonly at: AnyMachineSnapshot;
  } | null>(null);
  if (charts === null) return null;
  // A supposition is about one moment: at another it does not count.
  const now = supposed?.of === snapshot ? supposed : null;
  const at = now?.at ?? snapshot;
  const event = eventOf(type, members);
  const trial = event === null || type === "" ? null : charts.tryEvent(observed, at, event);
  return (
    <section class="panel why" aria-label="Why not?">
      <header>
        <h2>Why not? What if?</h2>
        <select aria-label="Event" value={type} onChange={(change) => setType(change.currentTarget.value)}>
          <option value="">an event…</option>
          {charts.eventTypesOf(observed).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <input
          aria-label="Members of the event, as JSON"
          aria-invalid={event === null}
          placeholder='{"exitCode": 1}'
          value={members}
          onInput={(change) => setMembers(change.currentTarget.value)}
        />
      </header>
      {now !== null && (
        <p>
          Supposed: {now.heard.join(", ")}. It would be in <code>{describeValue(at.value as StateValue)}</code>.{" "}
          <button type="button" onClick={() => setSupposed(null)}>
            Back to what is
          </button>
        </p>
      )}
      {event === null && <p class="trouble">The members are no JSON object.</p>}
      {trial !== null && (
        <>
          {trial.explanation.fault !== null && (
            <p class="trouble">A guard could not be asked: {trial.explanation.fault}</p>
          )}
          <ul class="verdicts">
            {trial.explanation.candidates.map(({ edge, verdict }) => (
              <li key={edge.id} class={`verdict-${verdict}`}>
                <span>{edge.source.split(".").slice(1).join(".") || "anywhere"}</span> <code>{edge.label}</code>{" "}
                <b>{verdicts[verdict]}</b>
              </li>
            ))}
          </ul>
          {trial.after !== null && trial.after !== at && (
            <button
              type="button"
              onClick={() =>
                trial.after !== null &&
                setSupposed({ of: snapshot, heard: [...(now?.heard ?? []), type], at: trial.after })
              }
            >
              Suppose that it comes
            </button>
          )}
        </>
      )}
    </section>
  );
}

function eventOf(type: string, members: string): AnyEventObject | null {
  if (members.trim() === "") return { type };
  try {
    const parsed: unknown = JSON.parse(members);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? { ...parsed, type } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
