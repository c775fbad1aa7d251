import { expect, it } from "vitest";
import type { StateValue } from "../../../src/inspector/records.ts";
import { ObservedMachine } from "../../../src/inspector/replay/observed-machine.ts";
import { snapshotOf } from "../../../src/inspector/replay/replay.ts";
import { timersOf } from "../../../src/inspector/replay/timers.ts";
import { eventTypesOf, explain } from "../../../src/inspector/replay/why-not.ts";
import { machines } from "../../../src/machines/index.ts";

const observed = new ObservedMachine(machines.link);
const context = {
  canReconnect: true,
  longestRecoveryMs: 25_000,
  recoveryDeadlineMs: 25_000,
  sessionId: "s",
  sessionTtlMs: 30_000,
  newest: 2,
  generation: 2,
  attempts: 0,
  heardAgoMs: 1_000,
  reason: null,
};
const at = (value: StateValue) => snapshotOf(observed.machine, { value, context, status: "active" });

function verdicts(value: StateValue, event: { type: string; [member: string]: unknown }): string[] {
  const { candidates } = explain(observed, at(value), event);
  return candidates
    .filter(({ verdict }) => verdict !== "inactive")
    .map(({ edge, verdict }) => `${edge.label}: ${verdict}`);
}

it("tells which guard refused an event", () => {
  const late = { type: "connection.ended", generation: 1, reason: "reset" };
  expect(verdicts({ Connected: "Heard" }, late)).toEqual(["connection.ended [isInstalled] / recordReason: refused"]);
  expect(verdicts({ Connected: "Heard" }, { ...late, generation: 2 })).toEqual([
    "connection.ended [isInstalled] / recordReason: taken",
  ]);
});

it("tells which edge came before another one", () => {
  const type = "xstate.error.actor.0.link.Recovering.Resuming";
  const held = Object.assign(new Error("held"), { isRetryable: true });
  expect(verdicts({ Recovering: "Resuming" }, { type, error: held })).toEqual([
    "handshake failed [isRetryable]: taken",
    "handshake failed [else] / addCause: preceded",
  ]);
  expect(verdicts({ Recovering: "Resuming" }, { type, error: new Error("unknown session") })).toEqual([
    "handshake failed [isRetryable]: refused",
    "handshake failed [else] / addCause: taken",
  ]);
});

it("tells where an event would have to come, when no active state knows it", () => {
  const { candidates } = explain(observed, at("Failed"), { type: "path.doubted" });
  expect(candidates.map(({ edge, verdict }) => [edge.source, verdict])).toEqual([
    ["link.Connected", "inactive"],
    ["link.Recovering.CatchingUp", "inactive"],
    ["link.Recovering.BackingOff", "inactive"],
  ]);
});

it("says so when a guard cannot be asked, since the event lacks what it wants to know", () => {
  const fussy = new ObservedMachine(machines.session);
  const snapshot = snapshotOf(fussy.machine, { value: "Detached", context: {}, status: "active" });
  expect(
    explain(fussy, snapshot, {
      type: "resume",
      get now(): number {
        throw new Error("now is missing");
      },
    }).fault,
  ).toContain("now is missing");
});

it("lists what a machine can hear, each once", () => {
  const types = eventTypesOf(observed);
  expect(types).toContain("path.doubted");
  expect(new Set(types).size).toBe(types.length);
  expect(types).not.toContain("");
});

it("tries an event without changing anything", () => {
  const before = at({ Connected: "Heard" });
  const { after, taken, effects } = observed.step(before, { type: "path.doubted" });
  expect([before.value, after.value]).toEqual([{ Connected: "Heard" }, { Connected: "Silent" }]);
  expect(taken.map(({ label }) => label)).toEqual(["path.doubted"]);
  expect(effects).toEqual(["ping"]);
});

it("follows the edges without an event that an event leads to", () => {
  const lost = { type: "connection.ended", generation: 2, reason: "reset" };
  const { after, taken } = observed.step(at({ Connected: "Heard" }), lost);
  expect(after.value).toEqual({ Recovering: "Dialing" });
  expect(taken.map(({ label }) => label)).toEqual(["connection.ended [isInstalled] / recordReason", "[else]"]);
});

it("knows the timers that run, and how long each takes", () => {
  const running = (value: StateValue) =>
    timersOf(observed, at(value)).map(({ edge, delayMs }) => [edge.label, delayMs]);
  expect(running({ Connected: "Heard" })).toEqual([["after pingIdle", 4_000]]);
  expect(running({ Recovering: { CatchingUp: "Silent" } })).toEqual([
    ["after recoveryDeadline / addCause", 25_000],
    ["after pongWait (5 s)", 5_000],
  ]);
  expect(timersOf(observed, snapshotOf(observed.machine, { value: "Closed", context, status: "done" }))).toEqual([]);
});
