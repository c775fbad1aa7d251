import type { AnyMachineSnapshot } from "xstate";
import type { Edge } from "../chart/edges.ts";
import type { ObservedMachine } from "./observed-machine.ts";
import { activeStates } from "./why-not.ts";

/** A timer that runs: how long it takes from the moment when its state was entered. */
export interface Timer {
  readonly edge: Edge;
  readonly delayMs: number;
}

/** The timers of the active states. */
export function timersOf(observed: ObservedMachine, snapshot: AnyMachineSnapshot): Timer[] {
  if (snapshot.status !== "active") return [];
  const active = activeStates(snapshot);
  return observed.edges.flatMap((edge) => {
    if (!active.has(edge.source) || !("delay" in edge.transition)) return [];
    const delayMs = delayOf(edge.transition.delay, observed, snapshot);
    return delayMs === null ? [] : [{ edge, delayMs }];
  });
}

function delayOf(delay: unknown, { machine }: ObservedMachine, { context }: AnyMachineSnapshot): number | null {
  const named: unknown = typeof delay === "string" ? machine.implementations.delays[delay] : delay;
  const ms: unknown = typeof named === "function" ? named({ context, event: { type: "" } }, undefined) : named;
  return typeof ms === "number" && Number.isFinite(ms) ? ms : null;
}
