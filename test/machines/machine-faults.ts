import type { AnyStateMachine, AnyStateNode } from "xstate";
import { statesOf } from "../../src/inspector/chart/edges.ts";

type Kind = "actions" | "actors" | "delays" | "guards";

/**
 * What neither the compiler nor XState's constructor notices: an `initial` that names no child, and names of delays,
 * actions, guards and actors that nobody provides (a delay without a value fires at once), or that nothing uses. A
 * misspelt target or a missing `initial` needs no search: with one, the machine cannot even be built.
 */
export function faultsOf(machine: AnyStateMachine): string[] {
  const faults: string[] = [];
  const used: Record<Kind, Set<string>> = {
    actions: new Set(),
    actors: new Set(),
    delays: new Set(),
    guards: new Set(),
  };
  for (const state of statesOf(machine.root)) {
    faults.push(...faultsOfInitial(state));
    const transitions = [...state.transitions.values(), state.always ?? []].flat();
    for (const delay of state.after) if (typeof delay.delay === "string") used.delays.add(delay.delay);
    for (const { src } of state.invoke) used.actors.add(String(src));
    for (const { guard } of transitions) if (guard !== undefined) addName(used.guards, guard);
    for (const action of [...state.entry, ...state.exit, ...transitions.flatMap(({ actions }) => actions)]) {
      addName(used.actions, action);
    }
  }
  for (const kind of ["actions", "actors", "delays", "guards"] as const) {
    const provided = new Set(Object.keys(machine.implementations[kind] ?? {}));
    for (const name of used[kind]) if (!provided.has(name)) faults.push(`${kind}: "${name}" is not provided`);
    for (const name of provided) if (!used[kind].has(name)) faults.push(`${kind}: "${name}" is never used`);
  }
  return faults;
}

function faultsOfInitial(state: AnyStateNode): string[] {
  if (state.type !== "compound") return [];
  const initial: unknown = state.config.initial;
  const target = typeof initial === "string" ? initial : (initial as { target: string }).target;
  return target in state.states ? [] : [`the initial "${target}" of "${state.id}" is none of its children`];
}

/** A name stands as a string or as `{ type }`; functions and built-in actions have none. */
function addName(names: Set<string>, reference: unknown): void {
  if (typeof reference === "string") names.add(reference);
  else if (typeof reference === "object" && reference !== null && "type" in reference) {
    if (typeof reference.type === "string") names.add(reference.type);
  }
}
