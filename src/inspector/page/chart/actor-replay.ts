import type { AnyEventObject, AnyMachineSnapshot } from "xstate";
import { type MachineName, machines } from "../../../machines/index.ts";
import { layouts } from "../../chart/layouts.ts";
import type { StatechartScene } from "../../chart/statechart-drawing.ts";
import { machineHash } from "../../machine-hash.ts";
import type { Json, StateValue } from "../../records.ts";
import { ObservedMachine } from "../../replay/observed-machine.ts";
import { Replay, type ReplayedEvent } from "../../replay/replay.ts";
import { timersOf } from "../../replay/timers.ts";
import { type Explanation, eventTypesOf, explain } from "../../replay/why-not.ts";
import { duration } from "../history/figures.ts";
import { countUpTo } from "../history/sorted.ts";
import type { Anchor, Track, Turn } from "../history/track.ts";

/** What running the machine again tells of an actor at a moment, beyond what its record says. */
export interface ReplayedMoment {
  readonly drawing: StatechartScene;
  /** `null`: the record does not begin early enough, or its machine is another one. */
  readonly context: Json;
  /** The context before the newest event. */
  readonly before: Json;
  readonly snapshot: AnyMachineSnapshot | null;
  /** Events, up to this moment, that led elsewhere than the record says. */
  readonly divergences: number;
}

/** The names of the machines that can be drawn. */
export const machineNames = Object.keys(machines) as MachineName[];

const observedMachines = new Map<MachineName, ObservedMachine>();

/** A machine of ours by its name. */
export function observedMachine(name: MachineName): ObservedMachine {
  const observed = observedMachines.get(name) ?? new ObservedMachine(machines[name]);
  observedMachines.set(name, observed);
  return observed;
}

/** The chart of a machine, of no actor in particular. */
export function chartOf(name: MachineName): StatechartScene {
  return { layout: layouts[name], title: `Statechart of ${name}` };
}

/** Runs an actor's machine again on what it heard, from where its context was known to any moment. */
export class ActorReplay {
  readonly observed: ObservedMachine;
  readonly #track: Track;
  readonly #name: MachineName;
  /** What was replayed from one anchor on, event by event. */
  #run: { readonly anchor: Anchor; readonly replay: Replay; readonly steps: ReplayedEvent[] } | null = null;
  /** By turn, the states that were active. */
  readonly #active = new WeakMap<Turn, ReadonlySet<string>>();
  /** Why what was recorded cannot be replayed; `null`: it can, as far as is known. */
  fault: string | null;

  private constructor(track: Track, name: MachineName, hash: string | undefined) {
    this.#track = track;
    this.#name = name;
    this.observed = observedMachine(name);
    this.fault = machineHash(machines[name]) === hash ? null : "recorded with another definition of the machine";
  }

  /**
   * `null`: its machine is none that this page knows.
   * @param hash that of the machine that was recorded: another one is drawn, but not replayed
   */
  static of(track: Track, hash: string | undefined): ActorReplay | null {
    return isMachineName(track.machine) ? new ActorReplay(track, track.machine, hash) : null;
  }

  /** The actor once the first `position` records have happened, at the time `t`. */
  at(position: number, t: number): ReplayedMoment {
    const last = position - 1;
    const turns = this.#track.turns.slice(
      0,
      Math.max(
        1,
        countUpTo(this.#track.turns, last, ({ order }) => order),
      ),
    );
    const turn = turns.at(-1);
    const active = turn === undefined ? new Set<string>() : this.#activeIn(turn);
    const visited = new Set(turns.flatMap((past) => [...this.#activeIn(past)]));
    const run = this.#replayTo(position);
    const newest = run?.steps.at(-1);
    const snapshot = run === null ? null : run.snapshot;
    return {
      drawing: {
        layout: layouts[this.#name],
        title: this.#track.name.slice(0, 100),
        active,
        visited,
        taken: new Set(newest?.step.taken.map(({ id }) => id)),
        refused: new Set(newest?.step.asked.filter(({ holds }) => !holds).map(({ edge }) => edge.id)),
        countdowns: snapshot === null ? undefined : this.#countdowns(snapshot, turns, t),
      },
      // A context is what a record can hold, or was read from one.
      context: (snapshot?.context ?? null) as Json,
      before: (newest?.step.before.context ?? null) as Json,
      snapshot,
      divergences: run?.steps.filter(({ diverged }) => diverged).length ?? 0,
    };
  }

  #replayTo(
    position: number,
  ): { readonly steps: readonly ReplayedEvent[]; readonly snapshot: AnyMachineSnapshot } | null {
    const from = this.#track.replayFrom(position);
    if (from === null || this.fault !== null) return null;
    try {
      if (this.#run?.anchor !== from.anchor || this.#run.steps.length > from.events.length) {
        this.#run = { anchor: from.anchor, replay: new Replay(this.observed, from.anchor), steps: [] };
      }
      const { replay, steps } = this.#run;
      for (const record of from.events.slice(steps.length)) steps.push(replay.next(record));
      return { steps, snapshot: replay.snapshot };
    } catch (error) {
      // A file can say that anything happened, also what no machine of ours can do.
      this.fault = `it cannot be replayed: ${error instanceof Error ? error.message : String(error)}`;
      return null;
    }
  }

  #activeIn(turn: Turn): ReadonlySet<string> {
    const known = this.#active.get(turn);
    if (known !== undefined) return known;
    const active = new Set(statesIn(turn.value, this.observed.machine.root.id));
    this.#active.set(turn, active);
    return active;
  }

  /** What is left of each timer: it began when the state that it leaves was entered. */
  #countdowns(snapshot: AnyMachineSnapshot, turns: readonly Turn[], t: number): ReadonlyMap<string, string> {
    return new Map(
      timersOf(this.observed, snapshot).flatMap(({ edge, delayMs }) => {
        const left = delayMs - (t - this.#enteredAt(edge.source, turns));
        return left > 0 ? [[edge.id, `in ${duration(left)}`] as const] : [];
      }),
    );
  }

  #enteredAt(state: string, turns: readonly Turn[]): number {
    const outside = turns.findLastIndex((turn) => !this.#activeIn(turn).has(state));
    const entered = turns[outside + 1];
    // Before its first turn nothing is known of it but its birth.
    return outside < 0 ? Math.min(entered?.t ?? 0, this.#track.since) : (entered?.t ?? 0);
  }
}

/** The ids of the states of a value, outer ones included. */
function statesIn(value: StateValue, id: string): string[] {
  if (typeof value === "string") return [id, `${id}.${value}`];
  return [id, ...Object.entries(value).flatMap(([name, inner]) => statesIn(inner, `${id}.${name}`))];
}

/** What an event would do at a moment, and where it would lead. */
export interface Trial {
  readonly explanation: Explanation;
  /** `null`: a guard or an assignment failed. */
  readonly after: AnyMachineSnapshot | null;
}

/** Tries an event on a machine; nothing is changed by it. */
export function tryEvent(observed: ObservedMachine, snapshot: AnyMachineSnapshot, event: AnyEventObject): Trial {
  const explanation = explain(observed, snapshot, event);
  return { explanation, after: explanation.fault === null ? observed.step(snapshot, event).after : null };
}

export { eventTypesOf };

function isMachineName(name: string): name is MachineName {
  return Object.hasOwn(machines, name);
}
