import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import type { Edge } from "../chart/edges.ts";
import type { ObservedMachine } from "./observed-machine.ts";

/**
 * Why an edge is, or is not, taken:
 * - `taken`: it would be
 * - `refused`: its guard says no
 * - `preceded`: another edge of this event comes first
 * - `inactive`: the state that it leaves is not active
 */
export type Verdict = "taken" | "refused" | "preceded" | "inactive";

/** An edge of an event, and what would become of it. */
export interface Candidate {
  readonly edge: Edge;
  readonly verdict: Verdict;
}

/** What would come of an event at a moment. */
export interface Explanation {
  /** Every edge of the machine that this event could take, in document order. */
  readonly candidates: readonly Candidate[];
  /** A guard could not be asked, since the event lacks what it wants to know. */
  readonly fault: string | null;
}

/** The events that a machine has an edge for, timers and results of its actors included, in document order. */
export function eventTypesOf({ edges }: ObservedMachine): string[] {
  return [...new Set(edges.map(({ eventType }) => eventType))].filter((type) => type !== "");
}

/** Tells for each edge of an event why it would be taken now, or why not. */
export function explain(observed: ObservedMachine, snapshot: AnyMachineSnapshot, event: AnyEventObject): Explanation {
  const edges = observed.edges.filter(({ eventType }) => eventType === event.type);
  const active = activeStates(snapshot);
  const isOver = snapshot.status !== "active";
  try {
    const { asked } = observed.step(snapshot, event);
    const candidates = edges.map((edge): Candidate => {
      if (isOver || !active.has(edge.source)) return { edge, verdict: "inactive" };
      const answer = asked.find((question) => question.edge === edge);
      if (answer === undefined) return { edge, verdict: "preceded" };
      return { edge, verdict: answer.holds ? "taken" : "refused" };
    });
    return { candidates, fault: null };
  } catch (error) {
    const candidates = edges.filter(({ source }) => !active.has(source) || isOver);
    return {
      candidates: candidates.map((edge) => ({ edge, verdict: "inactive" })),
      fault: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The ids of the states that are active, outer ones included. */
export function activeStates(snapshot: AnyMachineSnapshot): ReadonlySet<string> {
  return new Set(snapshot._nodes.map(({ id }) => id));
}
