import { expect, it } from "vitest";
import { type RemoteProcessInput, remoteProcessMachine } from "../../src/machines/remote-process-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { type Configuration, walk } from "./walk.ts";

const lost = Object.assign(new Error("the connection was lost"), { code: "disconnected" });
const refused = Object.assign(new Error("no such program"), { code: "internalError" });
const gone = new Error("events 3 to 5 are lost");
const over = new Error("the link was closed");
const input = (mayRepeatStart: boolean): RemoteProcessInput => ({ processId: "p", mayRepeatStart });

const everything = walk(remoteProcessMachine, {
  inputs: [input(false), input(true)],
  events: [
    { type: "published.exit", exitCode: 0 },
    { type: "published.exit", exitCode: 7 },
    { type: "published.close" },
    { type: "gap", error: gone },
    { type: "link.ended", error: over },
  ],
  outcomes: {
    start: { outputs: [undefined], errors: [lost, refused, "no error object"] },
    ask: { outputs: ["running", "starting", "absent"], errors: [over] },
  },
});
type Place = Configuration<typeof remoteProcessMachine>;

const steps = everything.steps.filter((step) => step.from !== null) as (Omit<
  (typeof everything.steps)[number],
  "from"
> & { from: Place })[];
const isIn = (place: Place, state: string) => place.states.has(`remoteProcess.${state}`);
const typesOf = (effects: readonly { readonly type: string }[]) => effects.map(({ type }) => type);
/** What the executor said, in an answer to `ask`. */
const said = (fate: string) =>
  steps.filter(({ label, event }) => label === "ask done" && (event as { output?: unknown }).output === fate);

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Closed or Failed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always exactly one of starting, live, ended", () => {
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("is confirmed once, when it begins to run, and then has its one outcome: close or failure (03 I-2)", () => {
  verifies("03 I-2");
  followPaths(everything, {
    start: { confirmed: 0, failed: 0 },
    see({ confirmed, failed }, { to, effects }) {
      const types = typesOf(effects);
      const next = {
        confirmed: confirmed + types.filter((type) => type === "confirm").length,
        failed: failed + types.filter((type) => type === "fail" || type === "failUnknown").length,
      };
      if (next.confirmed > 1 || next.failed > 1) throw new Error("said twice");
      if ((to.value === "Failed") !== (next.failed === 1)) throw new Error("Failed without a word");
      if (to.tags.includes("live") && next.confirmed !== 1) throw new Error("live without a word");
      return next;
    },
  });
});

it("keeps its first exit: a second one changes nothing (03 I-2)", () => {
  verifies("03 I-2");
  for (const { from, to, label } of steps) {
    if (from.context.exitCode !== null) expect(to.context.exitCode, label).toBe(from.context.exitCode);
  }
});

it("is not live until the start is confirmed: published events wait for it (01 W-43)", () => {
  verifies("01 W-43");
  for (const { from, to, event, label } of steps) {
    if (!from.tags.includes("starting") || !event.type.startsWith("published.")) continue;
    expect(to.key, label).toBe(from.key);
  }
});

it("follows exit, then close; a close without an exit leaves the code unknown (03 section 7.2)", () => {
  for (const { from, to, event, label } of steps) {
    if (!from.tags.includes("live") || event.type !== "published.close") continue;
    expect(to.value, label).toBe("Closed");
    expect(to.context.exitCode, label).toBe(from.context.exitCode);
  }
});

it("fails with the error when the link ends or events are lost, from every open configuration (03 CL-47, I-4)", () => {
  verifies("03 CL-47", "03 I-4");
  const states = new Set<string>();
  for (const { from, to, event, effects, label } of steps) {
    if (event.type !== "gap" && event.type !== "link.ended") continue;
    // A start fails by itself, with what is known of it: it may not even have been sent (03 CL-25).
    if (event.type === "link.ended" && from.value === "Starting") {
      expect(to.key, label).toBe(from.key);
      continue;
    }
    states.add(JSON.stringify(from.value));
    expect(to.value, label).toBe("Failed");
    // Over a link that has ended nobody can be reached; after a gap the process must not run on unwatched.
    expect(typesOf(effects), label).toEqual(event.type === "gap" ? ["terminate", "fail"] : ["fail"]);
    expect(effects.at(-1)?.params, label).toMatchObject({ error: event.type === "gap" ? gone : over });
  }
  expect(states.size).toBe(5);
});

it("fails with the error of a start that was refused, whatever was thrown (03 CL-50)", () => {
  verifies("03 CL-50");
  const failed = steps.filter(({ label, to }) => label === "start failed" && to.value === "Failed");
  const errors = failed.flatMap(({ effects }) => effects.map(({ params }) => (params as { error?: unknown }).error));
  expect(new Set(errors)).toEqual(new Set([refused, "no error object"]));
});

it("asks what became of a start whose answer was lost, without a word to its caller yet (03 D-4)", () => {
  verifies("03 D-4");
  const ambiguous = steps.filter(
    ({ label, event }) => label === "start failed" && (event as { error?: unknown }).error === lost,
  );
  expect(ambiguous.length).toBeGreaterThan(1);
  for (const { to, effects, label } of ambiguous) {
    expect(to.value, label).toEqual({ Ambiguous: "Asking" });
    expect(effects, label).toEqual([]);
  }
});

it("adopts a process that the executor knows (03 D-4)", () => {
  verifies("03 D-4");
  for (const { to, effects, label } of said("running")) {
    expect(to.value, label).toBe("Running");
    expect(typesOf(effects), label).toEqual(["confirm"]);
  }
  expect(said("running").length).toBeGreaterThan(0);
});

it("starts again what the executor does not know when it may, and else fails with an unknown effect (03 D-4, CL-22)", () => {
  verifies("03 D-4", "03 CL-22");
  for (const { from, to, effects, label } of said("absent")) {
    expect(to.value, label).toBe(from.context.mayRepeatStart ? "Starting" : "Failed");
    expect(typesOf(effects), label).toEqual(from.context.mayRepeatStart ? [] : ["failUnknown"]);
  }
  expect(new Set(said("absent").map(({ from }) => from.context.mayRepeatStart))).toEqual(new Set([true, false]));
});

it("polls a start that goes on 20 times, then takes it for stuck and removes it (03 D-4, SS-31)", () => {
  verifies("03 D-4", "03 SS-31");
  for (const { from, to, effects, label } of said("starting")) {
    const isStuck = from.context.polls === 20;
    expect(to.value, label).toEqual(isStuck ? "Failed" : { Ambiguous: "Waiting" });
    expect(typesOf(effects), label).toEqual(isStuck ? ["terminate", "failUnknown"] : []);
    if (!isStuck) expect(to.context.polls, label).toBe(from.context.polls + 1);
  }
  expect(new Set(said("starting").map(({ from }) => from.context.polls))).toEqual(
    new Set(Array.from({ length: 21 }, (_, polls) => polls)),
  );
});

it("waits between two questions, and never asks after it was told (03 D-4)", () => {
  verifies("03 D-4");
  for (const { from, to, label } of steps) {
    if (!isIn(to, "Ambiguous.Asking") || isIn(from, "Ambiguous.Asking")) continue;
    expect(["after pollPause", "start failed"], label).toContain(label);
  }
});

it("does nothing after an end, whatever comes (03 I-2)", () => {
  verifies("03 I-2");
  for (const { from, label } of steps) expect(from.isDone, label).toBe(false);
});
