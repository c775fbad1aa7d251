import fc from "fast-check";
import { expect, it } from "vitest";
import { machineFailed } from "../../../src/inspector/heard-event.ts";
import { ObservedMachine } from "../../../src/inspector/replay/observed-machine.ts";
import { Replay } from "../../../src/inspector/replay/replay.ts";
import { type MachineName, machines } from "../../../src/machines/index.ts";
import { plain, trialsOf } from "./trials.ts";

const names = Object.keys(machines) as MachineName[]; // the keys of the record, which TypeScript gives as strings

it.each(names)(
  "following a record of the machine %s gives its states and its context, from wherever one begins",
  (name) => {
    const observed = new ObservedMachine(machines[name]);
    const beginnings = trialsOf(name).chain((trial) => fc.tuple(fc.constant(trial), fc.nat(trial.records.length)));
    fc.assert(
      fc.property(beginnings, ([{ start, records, contexts }, keyframe]) => {
        const replay = new Replay(observed, start);
        for (const record of records.slice(0, keyframe)) replay.next(record);
        const { value, status, context } = replay.snapshot;
        // What a keyframe keeps is enough to go on from.
        const later = new Replay(observed, {
          value: value as typeof start.value,
          status: status as typeof start.status,
          context: plain(context),
        });
        for (const [index, record] of records.entries()) {
          if (index < keyframe) continue;
          expect(later.next(record).diverged).toBe(false);
          expect(plain(later.snapshot.context)).toEqual(contexts[index]);
        }
      }),
      { numRuns: 60 },
    );
  },
);

it("says that a record tells of something that the machine would not do, and follows the record", () => {
  const observed = new ObservedMachine(machines.session);
  const context = { sessionId: "s", holder: "c", ttlMs: 30_000, deadline: null };
  const replay = new Replay(observed, { value: { Attached: "Held" }, status: "active", context });
  const event = { type: "contested" };
  const lie = replay.next({ kind: "event", t: 1, actor: 1, event, taken: true, value: "Detached" });
  expect(lie.diverged).toBe(true);
  expect(lie.step.after.value).toEqual({ Attached: "Probing" });
  expect(replay.snapshot.value).toBe("Detached");
});

it("notices an event that the record calls ignored and the machine does not", () => {
  const observed = new ObservedMachine(machines.process);
  const context = { processId: "p", stdin: "none", timeLimitMs: null, exitCode: null, timedOut: false };
  const replay = new Replay(observed, { value: { Starting: "Wanted" }, status: "active", context });
  const record = { kind: "event", t: 1, actor: 1, event: { type: "child.spawnFailed" }, taken: false } as const;
  expect(replay.next(record).diverged).toBe(true);
});

it("takes the fault of a machine as it is told: no machine would do that by itself", () => {
  const observed = new ObservedMachine(machines.process);
  const context = { processId: "p", stdin: "none", timeLimitMs: null, exitCode: null, timedOut: false };
  const replay = new Replay(observed, { value: { Starting: "Wanted" }, status: "active", context });
  const fault = {
    kind: "event",
    t: 1,
    actor: 1,
    event: { type: machineFailed },
    taken: false,
    status: "error",
  } as const;
  expect(replay.next(fault).diverged).toBe(false);
  expect(replay.snapshot.status).toBe("error");
});
