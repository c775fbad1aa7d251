import fc from "fast-check";
import {
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getInitialMicrosteps,
  getMicrosteps,
  type StateValue as XStateValue,
} from "xstate";
import { statesOf } from "../../../src/inspector/chart/edges.ts";
import type { ActorState, EventRecord, Json, StateValue } from "../../../src/inspector/records.ts";
import { type MachineName, machines } from "../../../src/machines/index.ts";

/** What each machine may be started with. */
const inputs: Readonly<Record<MachineName, readonly unknown[]>> = {
  process: [
    { processId: "p", stdin: "pipe", timeLimitMs: null },
    { processId: "p", stdin: "pty", timeLimitMs: 1_000 },
  ],
  session: [{ sessionId: "s", holder: "c", ttlMs: 30_000 }],
  connection: [{ connectionId: "c" }],
  "file-handle": [{ handleId: "h" }],
  "file-helper": [
    { fingerprint: "f", isKept: true },
    { fingerprint: "f", isKept: false },
  ],
  "http-exchange": [{ requestId: "r", isStreamed: true, timeoutMs: 1_000 }],
  link: [
    { canReconnect: true, longestRecoveryMs: 25_000 },
    { canReconnect: false, longestRecoveryMs: 25_000 },
  ],
  "remote-process": [{ processId: "p", mayRepeatStart: true }],
  "observed-process": [{ processId: "p" }],
  "http-body": [{ requestId: "r" }],
  environment: [
    { environmentId: "e", isDisabled: false, isOneShot: false },
    { environmentId: "e", isDisabled: false, isOneShot: true },
    { environmentId: "e", isDisabled: true, isOneShot: false },
  ],
  "mcp-server": [
    { canEndInput: true, graceMs: 1_000 },
    { canEndInput: false, graceMs: 1_000 },
  ],
};

/** Members that events of any machine may have. */
const payload = fc.record({
  generation: fc.nat(3),
  reason: fc.constantFrom("it ended", ""),
  connectionId: fc.constantFrom("c", "d"),
  exitCode: fc.nat(2),
  now: fc.nat(60_000),
  agoMs: fc.nat(5_000),
  lostBytes: fc.nat(1),
  output: fc.record({
    sessionId: fc.constant("s"),
    sessionTtlMs: fc.constantFrom(null, 60_000),
    isAlive: fc.boolean(),
  }),
  error: fc.record({ message: fc.constantFrom("refused", "held"), isRetryable: fc.boolean() }),
});

/** A life of an actor as a recording tells it, and where the machine was after each event. */
export interface Trial {
  readonly start: Pick<ActorState, "value" | "context" | "status">;
  readonly records: readonly EventRecord[];
  readonly contexts: readonly unknown[];
}

/** Lives of a machine: any event at any time, timers and results of invoked actors included. */
export function trialsOf(name: MachineName): fc.Arbitrary<Trial> {
  const machine: AnyStateMachine = machines[name];
  const types = [...new Set(statesOf(machine.root).flatMap((state) => [...state.transitions.keys()]))];
  const event = fc
    .record({ type: fc.constantFrom(...types, "no such event"), payload })
    .map(({ type, payload }) => ({ ...payload, type }));
  const life = fc.record({ input: fc.constantFrom(...inputs[name]), events: fc.array(event, { maxLength: 25 }) });
  return life.map(({ input, events }) => {
    // The types tie an input to the machine's own shape; trials of any machine have to step out of them.
    let snapshot = lastOf(getInitialMicrosteps(machine, input as never));
    const start = { ...stateOf(snapshot), context: plain(snapshot.context) };
    const contexts: unknown[] = [];
    const records = events.map((recorded, t): EventRecord => {
      const steps = snapshot.status === "active" ? getMicrosteps(machine, snapshot, heard(recorded)) : [];
      const after = steps.length === 0 ? snapshot : lastOf(steps);
      const { value, status } = stateOf(after);
      const moved = JSON.stringify(value) !== JSON.stringify(snapshot.value);
      const taken = snapshot.status === "active" && machine.getTransitionData(snapshot, heard(recorded)).length > 0;
      snapshot = after;
      contexts.push(plain(after.context));
      return {
        kind: "event",
        t,
        actor: 1,
        event: recorded,
        taken,
        ...(moved ? { value } : {}),
        ...(status === "active" ? {} : { status }),
      };
    });
    return { start, records, contexts };
  });
}

/** A result that failed did so with an error, of which the record has the members. */
function heard(recorded: { readonly type: string; readonly error: { readonly message: string } }): AnyEventObject {
  return { ...recorded, error: Object.assign(new Error(recorded.error.message), recorded.error) };
}

function lastOf(steps: readonly (readonly [AnyMachineSnapshot, ...unknown[]])[]): AnyMachineSnapshot {
  const last = steps.at(-1);
  if (last === undefined) throw new Error("a start or an event gives at least one snapshot");
  return last[0];
}

function stateOf({ value, status }: AnyMachineSnapshot) {
  if (status === "stopped") throw new Error("a machine stops only when it is told to");
  return { value: value as XStateValue as StateValue, status };
}

/** As a recording keeps it. */
export function plain(context: unknown): Json {
  return JSON.parse(JSON.stringify(context));
}
