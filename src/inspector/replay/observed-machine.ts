import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine, and, getMicrosteps } from "xstate";
import { type Edge, edgesOf } from "../chart/edges.ts";

/** Whether an edge may be taken was asked, and this was the answer. */
export interface Asked {
  readonly edge: Edge;
  readonly holds: boolean;
}

/** One event to a machine, and what came of it. */
export interface Step {
  readonly before: AnyMachineSnapshot;
  readonly event: AnyEventObject;
  readonly after: AnyMachineSnapshot;
  /** The edges that were considered, in order; an edge after one that holds is not considered any more. */
  readonly asked: readonly Asked[];
  /** The edges that were taken, those without an event included. None: the event was ignored. */
  readonly taken: readonly Edge[];
  /** The named effects that the machine asked for. */
  readonly effects: readonly string[];
}

const takenMark = "edge.taken";

/**
 * A copy of a machine that tells which of its edges were considered and taken. Nothing is run: the machine is pure, and an
 * event gives the next snapshot, so any moment can be the beginning of a trial.
 */
export class ObservedMachine {
  readonly machine: AnyStateMachine;
  /** All its edges, in document order. */
  readonly edges: readonly Edge[];
  readonly #edges: ReadonlyMap<string, Edge>;
  #asked: Edge[] = [];
  readonly #held = new Set<Edge>();

  constructor(machine: AnyStateMachine) {
    this.machine = machine.provide({ actions: { [takenMark]: () => undefined } });
    this.edges = edgesOf(this.machine);
    this.#edges = new Map(this.edges.map((edge) => [edge.id, edge]));
    for (const edge of this.edges) {
      const { transition } = edge;
      // XState asks the guards of `and` one after the other and stops at the first that says no.
      const before = () => this.#asked.push(edge) > 0;
      const held = () => this.#held.add(edge).size > 0;
      // XState has a type for the guards of a machine that it made, and `unknown` for reading them back.
      const guard = (transition.guard ?? (() => true)) as typeof before;
      transition.guard = and([before, guard, held]);
      // Not in place: the list may be the very array of the machine's configuration.
      transition.actions = [{ type: takenMark, params: edge.id }, ...transition.actions];
    }
  }

  /** What the machine does with an event at a moment. @throws what a guard or an assignment throws */
  step(before: AnyMachineSnapshot, event: AnyEventObject): Step {
    this.#asked = [];
    this.#held.clear();
    const microsteps = before.status === "active" ? getMicrosteps<AnyStateMachine>(this.machine, before, event) : [];
    const actions: readonly { type: string; params?: unknown }[] = microsteps.flatMap(([, caused]) => caused);
    return {
      before,
      event,
      after: microsteps.at(-1)?.[0] ?? before,
      asked: this.#asked.map((edge) => ({ edge, holds: this.#held.has(edge) })),
      taken: actions.flatMap(({ type, params }) => (type === takenMark ? this.#edgeOf(params) : [])),
      effects: actions.map(({ type }) => type).filter((type) => type !== takenMark && !type.startsWith("xstate.")),
    };
  }

  #edgeOf(id: unknown): Edge[] {
    const edge = this.#edges.get(String(id));
    return edge === undefined ? [] : [edge];
  }
}
