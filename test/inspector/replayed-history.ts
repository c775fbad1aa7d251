import { isDeepStrictEqual } from "node:util";
import { type AnyStateMachine, transition } from "xstate";
import { machineFailed, reviveEvent } from "../../src/inspector/heard-event.ts";
import type { ActorNumber, ActorState, HistoryRecord, RecordingLine, StateValue } from "../../src/inspector/records.ts";
import { type MachineName, machines } from "../../src/machines/index.ts";

/** The lines of a recording as data. */
export function linesOf(text: readonly string[]): readonly RecordingLine[] {
  return text.map((line) => JSON.parse(line) as RecordingLine);
}

/** Who is there after the first so many records, and in which states: what records say, and nothing else. */
export function statesAfter(records: readonly HistoryRecord[], count: number): Map<ActorNumber, StateValue> {
  const states = new Map<ActorNumber, StateValue>();
  const start = records.findLastIndex(({ kind }, index) => index < count && kind === "keyframe");
  for (const record of records.slice(Math.max(0, start), count)) {
    if (record.kind === "keyframe") for (const { actor, value } of record.actors) states.set(actor, value);
    if (record.kind === "actor") states.set(record.actor, record.value);
    if (record.kind === "event" && record.value !== undefined) states.set(record.actor, record.value);
    if (record.kind === "gone") states.delete(record.actor);
  }
  return states;
}

/** What two independent ways to the same thing disagree about. */
export interface Divergence {
  readonly at: number;
  readonly actor: ActorNumber;
  readonly recorded: unknown;
  readonly replayed: unknown;
}

/**
 * Runs the pure machines on the recorded events, from what the first keyframe and each actor's own record say. Tells where a
 * machine comes to other states than those that were recorded, takes what was ignored, or comes to another context than the
 * next keyframe has.
 */
export function replay(records: readonly HistoryRecord[]): {
  readonly events: number;
  readonly diverged: Divergence[];
} {
  const snapshots = new Map<ActorNumber, { machine: AnyStateMachine; snapshot: ReturnType<typeof restored> }>();
  const diverged: Divergence[] = [];
  let events = 0;
  const begin = (state: ActorState) => {
    const machine = machines[state.machine as MachineName];
    snapshots.set(state.actor, { machine, snapshot: restored(machine, state) });
  };
  for (const [at, record] of records.entries()) {
    if (record.kind === "actor") begin(record);
    if (record.kind === "keyframe") {
      for (const state of record.actors) {
        const known = snapshots.get(state.actor);
        if (known === undefined) begin(state);
        else compare(at, state.actor, { value: state.value, context: state.context }, known.snapshot);
      }
    }
    if (record.kind !== "event" || record.event.type === machineFailed) continue;
    events += 1;
    const known = snapshots.get(record.actor);
    if (known === undefined) {
      diverged.push({ at, actor: record.actor, recorded: record, replayed: null });
      continue;
    }
    const former = known.snapshot;
    const [next] = transition(known.machine, former, reviveEvent(record.event));
    known.snapshot = next;
    const value = record.value ?? former.value;
    const status = record.status ?? "active";
    if (!isDeepStrictEqual(next.value, value) || next.status !== status || (!record.taken && next !== former)) {
      diverged.push({ at, actor: record.actor, recorded: record, replayed: next.value });
    }
  }
  return { events, diverged };

  function compare(at: number, actor: ActorNumber, recorded: { value: unknown; context: unknown }, snapshot: object) {
    const { value, context } = snapshot as { value: unknown; context: unknown };
    const replayed = { value, context };
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(replayed)), recorded)) {
      diverged.push({ at, actor, recorded, replayed });
    }
  }
}

function restored(machine: AnyStateMachine, { value, context, status }: ActorState) {
  return machine.resolveState({ value, context, status: status === "error" ? "active" : status });
}
