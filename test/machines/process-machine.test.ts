import { expect, it } from "vitest";
import { type ProcessInput, processMachine } from "../../src/machines/process-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const stdins: ProcessInput["stdin"][] = ["none", "pipe", "pty"];

const everything = walk(processMachine, {
  inputs: stdins.map((stdin) => ({ processId: "p", stdin })),
  events: [
    { type: "child.spawned" },
    { type: "child.spawnFailed" },
    { type: "child.exited", exitCode: 0 },
    { type: "child.exited", exitCode: 137 },
    { type: "stdout.ended" },
    { type: "stderr.ended" },
    { type: "stdin.closed" },
    { type: "output.paused" },
    { type: "output.resumed" },
    { type: "interrupt" },
    { type: "terminate" },
    { type: "stop" },
    { type: "session.expired" },
  ],
});
const kill = { type: "signalGroup", params: { signal: "SIGKILL" } };

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Evicted or Failed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is over exactly when it is tagged gone", () => {
  for (const { isDone, tags, key } of everything.configurations) expect(tags.includes("gone"), key).toBe(isDone);
});

it("is at most one of starting, running, closed, gone, and none of them only between the exit and the close (02 P-3)", () => {
  verifies("02 P-3");
  for (const { tags, states, key } of everything.configurations) {
    const isExited = states.has("process.Live.child.Exited");
    expect(tags, key).toHaveLength(isExited ? 0 : 1);
  }
});

it("knows the exit code exactly when the exit is recorded (02 P-30)", () => {
  verifies("02 P-30");
  for (const { tags, states, context, key } of everything.configurations) {
    const isExited = states.has("process.Live.child.Exited") || tags.includes("closed");
    if (isExited) expect(context.exitCode, key).not.toBeNull();
    if (tags.includes("starting") || tags.includes("running")) expect(context.exitCode, key).toBeNull();
  }
});

it("spawns once, and before anything else", () => {
  followPaths(everything, {
    start: 0,
    see(spawned, { effects }) {
      const now = spawned + effects.filter(({ type }) => type === "spawn").length;
      if (now !== 1) throw new Error(`spawned ${now} times`);
      return now;
    },
  });
});

it("publishes the exit at most once, the close at most once, and the close last (03 I-2)", () => {
  verifies("03 I-2");
  followPaths(everything, {
    start: "" as "" | "exited" | "closed",
    see(published, { effects }) {
      for (const { type } of effects) {
        if (type === "publishExited") {
          if (published !== "") throw new Error("the exit was published a second time or after the close");
          published = "exited";
        }
        if (type === "publishClosed") {
          if (published !== "exited") throw new Error("the close was published without the exit or a second time");
          published = "closed";
        }
      }
      return published;
    },
  });
});

it("publishes the close exactly when it enters Closed", () => {
  for (const { from, to, label, effects } of everything.steps) {
    const entered = to.tags.includes("closed") && from?.tags.includes("closed") !== true;
    expect(
      effects.some(({ type }) => type === "publishClosed"),
      label,
    ).toBe(entered);
  }
});

it("closes exactly after the exit and the end of both streams, in any order (02 P-4, 03 section 5.3)", () => {
  verifies("02 P-4");
  followPaths(everything, {
    start: { live: false, exited: false, stdout: false, stderr: false, gone: false },
    see(seen, { from, event, to }) {
      const now = { ...seen };
      if (from?.tags.includes("starting") === true && to.states.has("process.Live")) {
        now.live = true;
        now.stderr = to.context.stdin === "pty";
      }
      if (from?.states.has("process.Live") === true) {
        if (event.type === "child.exited") now.exited = true;
        if (event.type === "stdout.ended") now.stdout = true;
        if (event.type === "stderr.ended") now.stderr = true;
      }
      now.gone = to.isDone;
      const complete = now.exited && now.stdout && now.stderr;
      if (!now.gone && to.tags.includes("closed") !== complete) throw new Error(`closed is not ${complete}`);
      return now;
    },
  });
});

it("keeps its first exit: a second one changes nothing (02 P-3)", () => {
  verifies("02 P-3");
  for (const { from, to, event, label } of everything.steps) {
    if (from === null || from.context.exitCode === null) continue;
    expect(to.context.exitCode, label).toBe(from.context.exitCode);
    if (event.type === "child.exited") expect(to.key, label).toBe(from.key);
  }
});

it("signals nobody after the exit, except that expiry kills what still holds the pipes (02 P-59, 03 SS-15)", () => {
  verifies("02 P-59", "03 SS-15");
  for (const { from, event, label, effects } of everything.steps) {
    if (from === null || !from.tags.includes("exited")) continue;
    const signals = effects.filter(({ type }) => type === "signalGroup" || type === "interruptGroup");
    const holdsPipes = !from.tags.includes("closed");
    expect(signals, label).toEqual(holdsPipes && event.type === "session.expired" ? [kill] : []);
  }
});

it("never signals a group after the close, when its id may belong to a stranger (03 D-13)", () => {
  verifies("02 S-4");
  for (const { from, label, effects } of everything.steps) {
    if (from === null || !from.tags.includes("closed")) continue;
    expect(
      effects.filter(({ type }) => type !== "release"),
      label,
    ).toEqual([]);
  }
});

it("kills the group at once when told to terminate, but only while the child runs (02 P-57, P-59)", () => {
  verifies("02 P-57", "02 P-59");
  for (const { from, event, label, effects } of everything.steps) {
    if (event.type !== "terminate" || from === null) continue;
    expect(effects, label).toEqual(from.tags.includes("running") ? [kill] : []);
  }
});

it("interrupts exactly while the child runs, and tears nothing down (02 P-53, P-54)", () => {
  verifies("02 P-53", "02 P-54");
  for (const { from, to, event, label, effects } of everything.steps) {
    if (event.type !== "interrupt" || from === null) continue;
    expect(
      effects.map(({ type }) => type),
      label,
    ).toEqual(from.tags.includes("running") ? ["interruptGroup"] : []);
    expect(to.key, label).toBe(from.key);
  }
});

it("asks politely once, and never after it has killed (03 SS-66)", () => {
  verifies("03 SS-66");
  followPaths(everything, {
    start: "" as "" | "asked" | "killed",
    see(done, { effects }) {
      for (const { params } of effects.filter(({ type }) => type === "signalGroup")) {
        const polite = (params as { signal: string }).signal === "SIGTERM";
        if (polite && done !== "") throw new Error(`SIGTERM after it was ${done}`);
        done = polite ? "asked" : "killed";
      }
      return done;
    },
  });
});

it("stops with SIGTERM, and with SIGKILL after the grace (03 SS-66)", () => {
  verifies("03 SS-66");
  const stopped = everything.steps.filter(
    ({ from, event }) => event.type === "stop" && from?.states.has("process.Live.child.Running.Undisturbed"),
  );
  expect(stopped.length).toBeGreaterThan(0);
  for (const { effects, to, label } of stopped) {
    expect(effects, label).toEqual([{ type: "signalGroup", params: { signal: "SIGTERM" } }]);
    const grace = everything.steps.find((step) => step.from === to && step.label === "after killGrace");
    expect(grace?.effects, label).toEqual([kill]);
  }
});

it("kills a child that comes to life after nobody wants it any more, and never shows it (03 section 5.3)", () => {
  verifies("03 SS-54");
  const late = everything.steps.filter(
    ({ from, event }) => event.type === "child.spawned" && from?.states.has("process.Starting.Unwanted"),
  );
  expect(late).toHaveLength(stdins.length);
  for (const { to, effects } of late) {
    expect(to.value).toBe("Evicted");
    expect(effects).toEqual([kill, { type: "release", params: undefined }]);
  }
});

it("never stays in Starting once the spawn has come out one way or the other (03 I-17)", () => {
  verifies("03 I-17");
  for (const { from, to, event, label } of everything.steps) {
    if (from?.tags.includes("starting") !== true) continue;
    if (event.type !== "child.spawned" && event.type !== "child.spawnFailed") continue;
    expect(to.tags, label).not.toContain("starting");
  }
});

it("is gone as soon as its session expires, or unwanted while it starts (03 section 5.3)", () => {
  for (const { from, to, event, label } of everything.steps) {
    if (event.type !== "session.expired" || from === null) continue;
    expect(to.isDone || to.states.has("process.Starting.Unwanted"), label).toBe(true);
  }
});

it("publishes nothing when its session expires (03 section 5.3)", () => {
  for (const { event, label, effects } of everything.steps) {
    if (event.type !== "session.expired") continue;
    expect(
      effects.filter(({ type }) => type.startsWith("publish")),
      label,
    ).toEqual([]);
  }
});

it("releases what it holds exactly once, as its last act", () => {
  for (const { to, effects, label } of everything.steps) {
    const released = effects.filter(({ type }) => type === "release");
    expect(released, label).toHaveLength(to.isDone ? 1 : 0);
    if (to.isDone) expect(effects.at(-1)?.type, label).toBe("release");
  }
});

it("has stderr ended from the start on a terminal, and stdin closed from the start without one (02 P-14)", () => {
  verifies("02 P-14");
  for (const { from, to } of everything.steps) {
    if (from?.tags.includes("starting") !== true || !to.states.has("process.Live")) continue;
    expect(to.states.has("process.Live.stderr.Ended")).toBe(to.context.stdin === "pty");
    expect(to.states.has("process.Live.stdin.Closed")).toBe(to.context.stdin === "none");
  }
});
