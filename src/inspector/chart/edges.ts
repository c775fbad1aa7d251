import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";
import { labelOf } from "../../machines/diagram-labels.ts";

/** A transition of a machine, as something that can be drawn, lit and asked about. */
export interface Edge {
  /** Unique within the machine, and the same as long as the machine is: `link.Connected --path.doubted--> 0`. */
  readonly id: string;
  /** The id of the state that it leaves. */
  readonly source: string;
  /** The ids of the states that it enters; none: it only causes actions. */
  readonly targets: readonly string[];
  /** The event that takes it; empty for one that is taken as soon as its guard holds. */
  readonly eventType: string;
  /** `event [guard] / actions`, in the words of the diagrams. */
  readonly label: string;
  /** Has it a guard? */
  readonly isGuarded: boolean;
  readonly transition: AnyTransitionDefinition;
}

/** All transitions of a machine, in document order; those of one state and event in the order in which they are tried. */
export function edgesOf(machine: AnyStateMachine): Edge[] {
  return statesOf(machine.root).flatMap((state) =>
    [...state.transitions.values(), state.always ?? []].flatMap((alternatives) =>
      alternatives.map((transition: AnyTransitionDefinition, index) => ({
        id: `${state.id} --${transition.eventType}--> ${index}`,
        source: state.id,
        targets: (transition.target ?? []).map(({ id }) => id),
        eventType: transition.eventType,
        label: labelOf(transition, alternatives, machine),
        isGuarded: transition.guard !== undefined,
        transition,
      })),
    ),
  );
}

/** A state and all below it in document order, itself first. */
export function statesOf(root: AnyStateNode): AnyStateNode[] {
  return [root, ...Object.values(root.states).flatMap((state) => statesOf(state as AnyStateNode))];
}
