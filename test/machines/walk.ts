import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type ContextFrom,
  type EventFromLogic,
  type EventObject,
  getInitialMicrosteps,
  getMicrosteps,
  type InputFrom,
} from "xstate";
import { statesOf } from "../../src/inspector/chart/edges.ts";
import { faultsOf } from "./machine-faults.ts";

/** What an invoked actor may come to, by its `src`. */
export interface Outcomes {
  readonly outputs: readonly unknown[];
  readonly errors: readonly unknown[];
}

/** What the walker tries on a machine. */
export interface WalkOptions<M extends AnyStateMachine> {
  /** Each one is a start of its own; a machine without input needs none. */
  readonly inputs?: readonly InputFrom<M>[];
  /** Every event, with a few payloads each. An event type that the machine handles and this list lacks is an error. */
  readonly events: readonly EventFromLogic<M>[];
  /** Results of invoked actors, by `src`. One that the machine invokes and this record lacks is an error. */
  readonly outcomes?: Readonly<Record<string, Outcomes>>;
  /** The part of the context that tells configurations apart; all of it unless said otherwise. It must stay finite. */
  matters?(context: ContextFrom<M>): unknown;
}

/**
 * A side effect as the machine asks for it. Assignments are none, they show in the context; nor are XState's own, such as
 * arming a timer.
 */
export interface Effect {
  readonly type: string;
  readonly params: unknown;
}

/** One place a machine can be in. */
export interface Configuration<M extends AnyStateMachine> {
  readonly key: string;
  readonly value: unknown;
  readonly context: ContextFrom<M>;
  readonly tags: readonly string[];
  /** The machine has come to its end. */
  readonly isDone: boolean;
  /** Ids of the states it is in. */
  readonly states: ReadonlySet<string>;
}

/** One event in one configuration and what came of it. */
export interface Step<M extends AnyStateMachine> {
  /** `null` for the start of the machine. */
  readonly from: Configuration<M> | null;
  /** The event in short, for people. */
  readonly label: string;
  readonly event: EventObject;
  readonly to: Configuration<M>;
  /** In the order in which they are run. */
  readonly effects: readonly Effect[];
  /** Did any transition answer the event? */
  readonly taken: boolean;
}

/** All that a machine can do, for the given inputs, events and outcomes. */
export interface Walk<M extends AnyStateMachine> {
  readonly configurations: readonly Configuration<M>[];
  /** Breadth first, the starts before all else. */
  readonly steps: readonly Step<M>[];
  /** Ids of the states that no path enters, not even in passing. */
  readonly unreachedStates: readonly string[];
  /** Transitions that no path takes, as `state --event--> target`. */
  readonly untakenTransitions: readonly string[];
  /** Configurations from which no path leads to an end. */
  readonly deadEnds: readonly Configuration<M>[];
}

const takenMark = "walk.taken";

/**
 * Visits everything that a machine can do, breadth first and without running a side effect: all events of the list, and
 * besides them the timers and the results of invoked actors that each configuration may meet. A timer is an event that
 * may come at any time, so the walk holds for every clock. Throws for a machine that does not fit together.
 */
export function walk<M extends AnyStateMachine>(machine: M, options: WalkOptions<M>): Walk<M> {
  const faults = [...faultsOf(machine), ...eventsWithoutPayload(machine, options)];
  if (faults.length > 0) throw new Error(`the machine "${machine.id}" does not fit together: ${faults.join("; ")}`);

  const marked = markTransitions(machine);
  const found = new Map<string, { configuration: Configuration<M>; snapshot: AnyMachineSnapshot }>();
  const steps: Step<M>[] = [];
  const entered = new Set<string>();
  const taken = new Set<string>();

  const take = (
    from: Configuration<M> | null,
    label: string,
    event: EventObject,
    run: () => [AnyMachineSnapshot, Effect[]][],
  ): void => {
    const microsteps = run();
    const effects = microsteps.flatMap(([, actions]) => actions);
    for (const [snapshot] of microsteps) for (const node of snapshot._nodes) entered.add(node.id);
    const marks = effects.filter(({ type }) => type === takenMark).map(({ params }) => String(params));
    for (const mark of marks) taken.add(mark);
    const snapshot = microsteps.at(-1)?.[0];
    if (snapshot === undefined) throw new Error(`${machine.id}: ${label} gave no snapshot`);
    if (snapshot.status === "error") throw new Error(`${machine.id}: ${label} failed`, { cause: snapshot.error });
    const to = configurationOf<M>(snapshot, options);
    if (!found.has(to.key)) found.set(to.key, { configuration: to, snapshot });
    steps.push({
      from,
      label,
      event,
      to: found.get(to.key)?.configuration ?? to,
      effects: effects
        .filter(({ type }) => type !== takenMark && !type.startsWith("xstate."))
        .map(({ type, params }) => ({ type, params })),
      taken: marks.length > 0,
    });
  };

  for (const input of options.inputs ?? [undefined]) {
    const event = { type: "xstate.init", input };
    // The types tie an input to the machine's own shape; a walker of any machine has to step out of them.
    take(null, `start ${JSON.stringify(input) ?? ""}`.trim(), event, () =>
      getInitialMicrosteps<AnyStateMachine>(marked.machine, input as never),
    );
  }
  for (const { configuration, snapshot } of found.values()) {
    if (configuration.isDone) continue;
    for (const { label, event } of eventsFor(snapshot, options)) {
      take(configuration, label, event, () => getMicrosteps<AnyStateMachine>(marked.machine, snapshot, event));
    }
  }

  const configurations = [...found.values()].map(({ configuration }) => configuration);
  return {
    configurations,
    steps,
    unreachedStates: statesOf(machine.root)
      .map(({ id }) => id)
      .filter((id) => !entered.has(id)),
    untakenTransitions: marked.names.filter((name) => !taken.has(name)),
    deadEnds: deadEndsOf(configurations, steps),
  };
}

/** The machine with a mark on each of its transitions that shows in the list of effects when it is taken. */
function markTransitions(machine: AnyStateMachine) {
  const copy: AnyStateMachine = machine.provide({ actions: { [takenMark]: () => undefined } });
  const names: string[] = [];
  for (const state of statesOf(copy.root)) {
    const transitions = [...state.transitions.values(), state.always ?? []].flat();
    for (const [index, transition] of transitions.entries()) {
      const name = nameOf(transition, index, transitions);
      names.push(name);
      // Not in place: the list may be the very array of the machine's configuration.
      transition.actions = [{ type: takenMark, params: name }, ...transition.actions];
    }
  }
  return { machine: copy, names };
}

function nameOf(
  transition: AnyTransitionDefinition,
  index: number,
  siblings: readonly AnyTransitionDefinition[],
): string {
  const targets = transition.target?.map(({ id }) => id).join(", ") ?? "(no target)";
  const alternative = siblings.slice(0, index).filter(({ eventType }) => eventType === transition.eventType).length;
  const suffix = alternative === 0 ? "" : ` (alternative ${alternative + 1})`;
  return `${transition.source.id} --${transition.eventType || "always"}--> ${targets}${suffix}`;
}

function configurationOf<M extends AnyStateMachine>(
  snapshot: AnyMachineSnapshot,
  { matters }: WalkOptions<M>,
): Configuration<M> {
  const { value, context, status } = snapshot;
  return {
    key: JSON.stringify([value, matters === undefined ? context : matters(context), status]),
    value,
    context,
    tags: [...snapshot.tags].toSorted(),
    isDone: status === "done",
    states: new Set(snapshot._nodes.map(({ id }) => id)),
  };
}

/** Everything that may happen in a configuration: the events of the list, its timers, the ends of what it invokes. */
function* eventsFor<M extends AnyStateMachine>(
  snapshot: AnyMachineSnapshot,
  options: WalkOptions<M>,
): Iterable<{ label: string; event: EventObject }> {
  for (const event of options.events) {
    const { type, ...payload } = event as EventObject & Record<string, unknown>;
    const text = Object.keys(payload).length === 0 ? "" : ` ${JSON.stringify(payload)}`;
    yield { label: `${type}${text}`, event };
  }
  for (const state of snapshot._nodes as AnyStateNode[]) {
    for (const delay of new Map(state.after.map((transition) => [transition.eventType, transition.delay]))) {
      yield { label: `after ${delay[1]}`, event: { type: delay[0] } };
    }
    for (const { id, src } of state.invoke) {
      const outcomes = options.outcomes?.[String(src)] ?? { outputs: [], errors: [] };
      for (const output of outcomes.outputs) {
        yield { label: `${src} done`, event: { type: `xstate.done.actor.${id}`, output, actorId: id } as EventObject };
      }
      for (const error of outcomes.errors) {
        yield {
          label: `${src} failed`,
          event: { type: `xstate.error.actor.${id}`, error, actorId: id } as EventObject,
        };
      }
    }
  }
}

function eventsWithoutPayload<M extends AnyStateMachine>(machine: M, options: WalkOptions<M>): string[] {
  const listed = new Set((options.events as readonly EventObject[]).map(({ type }) => type));
  const declared = new Set<string>((machine.events as string[]).filter((type) => !type.startsWith("xstate.")));
  const invoked = statesOf(machine.root).flatMap((state) => state.invoke.map(({ src }) => String(src)));
  return [
    ...[...declared].filter((type) => !listed.has(type)).map((type) => `no payload is given for the event "${type}"`),
    ...[...listed].filter((type) => !declared.has(type)).map((type) => `no state handles the event "${type}"`),
    ...invoked
      .filter((src) => options.outcomes?.[src] === undefined)
      .map((src) => `no outcome is given for the actor "${src}"`),
  ];
}

function deadEndsOf<M extends AnyStateMachine>(
  configurations: readonly Configuration<M>[],
  steps: readonly Step<M>[],
): Configuration<M>[] {
  const ending = new Set(configurations.filter(({ isDone }) => isDone));
  let before = -1;
  while (ending.size > before) {
    before = ending.size;
    for (const { from, to } of steps) if (from !== null && ending.has(to)) ending.add(from);
  }
  return configurations.filter((configuration) => !ending.has(configuration));
}
