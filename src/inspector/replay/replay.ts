import type { AnyMachineSnapshot, AnyStateMachine, StateValue as XStateValue } from "xstate";
import { machineFailed, reviveEvent } from "../heard-event.ts";
import type { ActorState, EventRecord, StateValue } from "../records.ts";
import type { ObservedMachine, Step } from "./observed-machine.ts";

/** An event of the record, and what our own machine makes of it. */
export interface ReplayedEvent {
  readonly record: EventRecord;
  readonly step: Step;
  /** The record says that the machine went elsewhere: another version, a fault, or an event that is missing. */
  readonly diverged: boolean;
}

/**
 * Follows one actor through its record with the machine itself: from a known state, event by event. What the record does not
 * say, its context and which edges were considered, comes from that.
 */
export class Replay {
  readonly #observed: ObservedMachine;
  #snapshot: AnyMachineSnapshot;

  constructor(observed: ObservedMachine, from: Pick<ActorState, "value" | "context" | "status">) {
    this.#observed = observed;
    this.#snapshot = snapshotOf(observed.machine, from);
  }

  /** Where it stands after the events so far. */
  get snapshot(): AnyMachineSnapshot {
    return this.#snapshot;
  }

  /** Goes on by an event. Where the record disagrees it is followed: the record is what happened. */
  next(record: EventRecord): ReplayedEvent {
    const step = this.#observed.step(this.#snapshot, reviveEvent(record.event));
    const value = record.value ?? (this.#snapshot.value as StateValue); // machines without history have plain state values
    const status = record.status ?? "active";
    const isFault = record.event.type === machineFailed; // it has happened to the machine, which heard nothing
    const differs =
      !isSameValue(step.after.value as StateValue, value) ||
      (step.after.status === "active") !== (status === "active") ||
      step.taken.length > 0 !== record.taken;
    const diverged = differs && !isFault;
    this.#snapshot = differs
      ? snapshotOf(this.#observed.machine, { value, status, context: step.after.context })
      : step.after;
    return { record, step, diverged };
  }
}

/** A machine at a moment, made of what a record says of it. */
export function snapshotOf(
  machine: AnyStateMachine,
  {
    value,
    context,
    status,
  }: { readonly value: StateValue; readonly context: unknown; readonly status: ActorState["status"] },
): AnyMachineSnapshot {
  // A machine of any kind has any context; that it fits this one is what the hash of the definition vouches for.
  return machine.resolveState({ value: value as XStateValue, context: context as never, status });
}

/** Are the same states active? The order of parallel regions says nothing. */
export function isSameValue(one: StateValue, other: StateValue): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => {
      const [mine, theirs] = [one[name], other[name]];
      return mine !== undefined && theirs !== undefined && isSameValue(mine, theirs);
    })
  );
}
