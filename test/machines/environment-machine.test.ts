import { expect, it } from "vitest";
import { type EnvironmentInput, environmentMachine } from "../../src/machines/environment-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { type Configuration, walk } from "./walk.ts";

const input = (more: Partial<EnvironmentInput>): EnvironmentInput => ({
  environmentId: "a",
  isDisabled: false,
  isOneShot: false,
  ...more,
});

const refused = new Error("refused");
const everything = walk(environmentMachine, {
  inputs: [input({}), input({ isOneShot: true }), input({ isDisabled: true })],
  events: [
    { type: "use" },
    { type: "restart" },
    { type: "link.recovering", reason: "cut" },
    { type: "link.connected" },
    { type: "link.ended", reason: "gone" },
    { type: "release" },
    { type: "dispose" },
  ],
  outcomes: { connect: { outputs: [{ isAlive: true }, { isAlive: false }], errors: [refused, "no error object"] } },
});
type Place = Configuration<typeof environmentMachine>;
const isIn = (place: Place | null, state: string) => place?.states.has(`environment.${state}`) === true;
const steps = everything.steps.flatMap((step) => (step.from === null ? [] : [{ ...step, from: step.from }]));

it("reaches every state and takes every transition on some path, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("is never more than one of connecting, usable and ended", () => {
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags.length, key).toBeLessThanOrEqual(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("makes one attempt at a time, and one to start, unless somebody asks for a restart (03 I-29, 07 E-20, E-21)", () => {
  verifies("03 I-29", "07 E-20", "07 E-21");
  followPaths(everything, {
    start: { starts: 0, isConnecting: false },
    see({ starts, isConnecting }, { event, from, to }) {
      const begins = isIn(to, "Starting") && !isIn(from, "Starting");
      if (begins && starts > 0 && event.type !== "restart") throw new Error("a second attempt to start by itself");
      if (event.type === "use" && isIn(from, "Failed") && !isIn(to, "Failed"))
        throw new Error("a failure was not final");
      // While one is under way nothing begins another: it ends first, or it was another state's.
      const stays = to.tags.includes("connecting");
      if (isConnecting && stays && !event.type.startsWith("xstate.") && to.key !== from?.key) {
        throw new Error("a second attempt beside the first");
      }
      return { starts: Math.min(starts + (begins ? 1 : 0), 2), isConnecting: stays };
    },
  });
});

it("connects only when it is used, or restarted (07 E-19, E-26)", () => {
  verifies("07 E-19", "07 E-26");
  for (const { from, to, event, label } of steps) {
    if (from.tags.includes("connecting") || !to.tags.includes("connecting")) continue;
    expect(["use", "restart"], label).toContain(event.type);
  }
});

it("keeps the error of an attempt, the very object, as long as it is not tried again (03 CL-64, 07 E-21)", () => {
  verifies("07 E-21");
  const failed = everything.configurations.filter((place) => isIn(place, "Failed"));
  expect(failed.map(({ context }) => context.error)).toContain(refused);
  for (const { from, to, event } of steps) {
    if (!isIn(from, "Failed") || event.type === "restart" || to.isDone) continue;
    expect(to.key).toBe(from.key);
    expect(to.context.error).toBe(from.context.error);
  }
});

it("opens a fresh link after a lost one when it is used, and never another program (07 E-26, E-28)", () => {
  verifies("07 E-26", "07 E-28", "03 I-30");
  const seen = { lost: 0, dead: 0 };
  for (const { from, to, event, label } of steps) {
    if (isIn(from, "Disconnected.Lost")) {
      expect(from.context.isOneShot, label).toBe(false);
      if (event.type === "use") expect(isIn(to, "Disconnected.Reopening"), label).toBe(true);
      seen.lost += 1;
    }
    if (isIn(from, "Disconnected.Dead")) {
      expect(from.context.isOneShot, label).toBe(true);
      if (event.type === "use") expect(to.key, label).toBe(from.key);
      seen.dead += 1;
    }
  }
  expect(Math.min(seen.lost, seen.dead)).toBeGreaterThan(0);
});

it("keeps nobody's failed attempt to open again: the next use tries once more (07 E-26)", () => {
  verifies("07 E-26");
  const failures = steps.filter(
    ({ from, label }) => isIn(from, "Disconnected.Reopening") && label === "connect failed",
  );
  expect(failures.length).toBeGreaterThan(0);
  for (const { to, label } of failures) expect(isIn(to, "Disconnected.Lost"), label).toBe(true);
});

it("is over when it is replaced, unless its link is in use; and in any case when it is closed (07 E-18)", () => {
  verifies("07 E-18");
  const kept = new Set<string>();
  for (const { from, to, event, label } of steps) {
    if (event.type === "dispose" && !from.isDone) expect(to.value, label).toBe("Disposed");
    if (event.type !== "release" || from.isDone) continue;
    if (isIn(from, "Ready")) kept.add(to.key);
    expect(to.value, label).toEqual(isIn(from, "Ready") ? from.value : "Disposed");
  }
  expect(kept.size).toBeGreaterThan(1);
});

it("closes its link on every way to the end, and on no other", () => {
  for (const { to, from, effects, label } of steps) {
    const closed = effects.filter(({ type }) => type === "closeLink").length;
    expect(closed, label).toBe(to.isDone && !from.isDone ? 1 : 0);
  }
});

it("does nothing but end when it is disabled", () => {
  for (const { from, to, label } of steps) {
    if (isIn(from, "Disabled") && !to.isDone) expect(to.key, label).toBe(from.key);
  }
});

it("has a reason exactly where something is wrong", () => {
  for (const place of everything.configurations) {
    const isWell = ["Idle", "Starting", "Ready.Connected"].some((state) => isIn(place, state));
    expect(place.context.reason === null, place.key).toBe(isWell);
  }
});
