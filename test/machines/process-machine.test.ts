import { isDeepStrictEqual } from "node:util";
import { expect, it } from "vitest";
import { type ProcessInput, processMachine } from "../../src/machines/process-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const stdins: ProcessInput["stdin"][] = ["none", "pipe", "pty"];

const everything = walk(processMachine, {
  inputs: stdins.flatMap((stdin) => [null, 1_000].map((timeLimitMs) => ({ processId: "p", stdin, timeLimitMs }))),
  events: [
    { type: "child.spawned" },
    { type: "child.spawnFailed" },
    { type: "child.exited", exitCode: 0 },
    { type: "child.exited", exitCode: 137 },
    { type: "stdout.ended" },
    { type: "stderr.ended" },
    { type: "stdin.closed", lostBytes: 0 },
    { type: "output.paused" },
    { type: "output.resumed" },
    { type: "interrupt" },
    { type: "terminate" },
    { type: "stop" },
    { type: "close.sent" },
    { type: "close.unheard" },
    { type: "crowdedOut" },
    ...[0, 10_000].flatMap((now) => [
      { type: "close.delivered" as const, now },
      { type: "session.attached" as const, now },
      { type: "session.detached" as const, now },
    ]),
    { type: "session.expired" },
  ],
});
const term = { type: "signalGroup", params: { signal: "SIGTERM" } };
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
    expect(
      [...tags].filter((tag) => tag !== "ending"),
      key,
    ).toHaveLength(isExited ? 0 : 1);
  }
});

it("is ending from the moment when its end was asked for, or its time was over, until it has closed (07 E-47)", () => {
  for (const { tags, states, key } of everything.configurations) {
    const group = ["Stopping", "Killing", "Killed"].some((state) => states.has(`process.Live.group.Ours.${state}`));
    expect([...tags].includes("ending"), key).toBe(group);
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

it("signals what is left of the group after the exit only to end it: when told to, or when the session expires (03 D-13, SS-15)", () => {
  verifies("03 D-13", "03 SS-15");
  let orders = 0;
  for (const { from, event, label, effects } of everything.steps) {
    if (from === null || !from.states.has("process.Live.child.Exited")) continue;
    const signals = effects.filter(({ type }) => type === "signalGroup" || type === "interruptGroup");
    if (signals.length > 0) orders += 1;
    const isOrder = event.type === "terminate" || event.type === "session.expired" || label === "after killGrace";
    expect(signals, label).toEqual(isOrder ? [kill] : label === "after timeLimit" ? [term] : []);
  }
  expect(orders).toBeGreaterThan(0);
});

it("lets go of pipes exactly when the child has exited and its group was killed, never of a terminal (02 P-61, 03 D-13)", () => {
  verifies("02 P-61", "03 D-13");
  followPaths(everything, {
    start: { isKilled: false, hasLetGo: false },
    see({ isKilled, hasLetGo }, { to, effects }) {
      if (!to.states.has("process.Live")) return { isKilled, hasLetGo };
      isKilled ||= effects.some((effect) => isDeepStrictEqual(effect, kill));
      hasLetGo ||= effects.some(({ type }) => type === "letGoOfPipes");
      const isOver = isKilled && to.context.exitCode !== null && to.context.stdin !== "pty";
      if (hasLetGo !== isOver) throw new Error(`the pipes are let go: ${hasLetGo}`);
      return { isKilled, hasLetGo };
    },
  });
});

it("never signals a group after the close, when its id may belong to a stranger (03 D-13)", () => {
  verifies("02 S-4");
  for (const { from, label, effects } of everything.steps) {
    if (from === null || !from.tags.includes("closed")) continue;
    const harmless = ["probeHolder", "awaitClient", "awaitClientNoMore", "release"];
    expect(
      effects.filter(({ type }) => !harmless.includes(type)),
      label,
    ).toEqual([]);
  }
});

it("forgets a closed process only when the session ends, its time is over, or others wait in its place (03 D-3)", () => {
  verifies("03 D-3");
  for (const { from, to, event, label } of everything.steps) {
    if (from?.tags.includes("closed") !== true || !to.isDone) continue;
    if (event.type === "session.expired") continue;
    if (event.type === "crowdedOut") expect(from.states, label).toContain("process.Closed.Undelivered.Unheard");
    else expect([label, from.value]).toEqual(["after closedRetention", { Closed: { Delivered: "Retained" } }]);
  }
});

it("lets the retention run exactly while the close is delivered and the session attached (02 P-64, 03 D-3)", () => {
  verifies("02 P-64", "03 D-3");
  followPaths(everything, {
    start: { isDelivered: false, isAttached: true, leftMs: 30_000, since: 0 },
    see(seen, { from, event, to }) {
      if (from?.tags.includes("closed") !== true || to.isDone) return seen;
      const { isDelivered, isAttached, leftMs, since } = seen;
      const now = "now" in event ? Number(event.now) : 0;
      const runs = isDelivered && isAttached;
      let next = seen;
      if (event.type === "close.delivered" && !isDelivered)
        next = { ...seen, isDelivered: true, isAttached: true, since: now };
      if (event.type === "session.detached" && runs)
        next = { ...seen, isAttached: false, leftMs: Math.max(0, leftMs - Math.max(0, now - since)) };
      if (event.type === "session.attached" && isDelivered && !isAttached)
        next = { ...seen, isAttached: true, since: now };
      const isRunning = to.states.has("process.Closed.Delivered.Retained");
      if (isRunning !== (next.isDelivered && next.isAttached)) throw new Error(`the retention runs: ${isRunning}`);
      if (to.context.retentionLeftMs !== next.leftMs) throw new Error(`${to.context.retentionLeftMs} ms are left`);
      return next;
    },
  });
});

it("asks for a sign of life when the close was sent, and waits for a client from when nobody hears it to when one has read it (03 D-3)", () => {
  verifies("03 D-3");
  for (const { from, to, effects, label } of everything.steps) {
    const count = (wanted: string) => effects.filter(({ type }) => type === wanted).length;
    const entered = (state: string) => to.states.has(state) && from?.states.has(state) !== true;
    const left = (state: string) => !to.states.has(state) && from?.states.has(state) === true;
    expect(count("probeHolder"), label).toBe(entered("process.Closed.Undelivered.Sent") ? 1 : 0);
    expect(count("awaitClient"), label).toBe(entered("process.Closed.Undelivered.Unheard") ? 1 : 0);
    expect(count("awaitClientNoMore"), label).toBe(left("process.Closed.Undelivered.Unheard") ? 1 : 0);
  }
});

it("kills the group at once when told to terminate, from the start of the child to its close (02 P-57, 03 D-13)", () => {
  verifies("02 P-57", "03 D-13");
  for (const { from, event, label, effects } of everything.steps) {
    if (event.type !== "terminate" || from === null) continue;
    const signals = effects.filter(({ type }) => type !== "letGoOfPipes");
    expect(signals, label).toEqual(from.states.has("process.Live") ? [kill] : []);
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
    ({ from, event }) =>
      event.type === "stop" && from?.tags.includes("running") && from.states.has("process.Live.group.Ours.Undisturbed"),
  );
  expect(stopped.length).toBeGreaterThan(0);
  for (const { effects, to, label } of stopped) {
    expect(effects, label).toEqual([{ type: "signalGroup", params: { signal: "SIGTERM" } }]);
    const grace = everything.steps.find((step) => step.from === to && step.label === "after killGrace");
    expect(grace?.effects[0], label).toEqual(kill);
  }
});

it("ends a group whose time is over, from the start to the close, but for one that is being ended: SIGTERM, and SIGKILL after the grace", () => {
  for (const { states, context, key } of everything.configurations) {
    const isWatched = states.has("process.Live.group.Ours.Limited");
    if (isWatched) expect(context.timeLimitMs, key).not.toBeNull();
    if (states.has("process.Live.group.Ours.Undisturbed")) expect(context.timeLimitMs, key).toBeNull();
  }
  const elapsed = everything.steps.filter(({ label }) => label === "after timeLimit");
  expect(elapsed.some(({ from }) => from?.tags.includes("running") === true)).toBe(true);
  expect(elapsed.some(({ from }) => from?.states.has("process.Live.child.Exited") === true)).toBe(true);
  for (const { effects, to, label } of elapsed) {
    expect(effects, label).toEqual([term]);
    const grace = everything.steps.find((step) => step.from === to && step.label === "after killGrace");
    expect(grace?.effects[0], label).toEqual(kill);
  }
});

it("tells of a time-out with the exit exactly when the time was over before it, and never changes its word", () => {
  followPaths(everything, {
    start: { elapsed: false, told: null as boolean | null },
    see({ elapsed, told }, { to, label, effects }) {
      if (label === "after timeLimit") elapsed = true;
      for (const { type, params } of effects) {
        if (type !== "publishExited") continue;
        told = (params as { timedOut: boolean }).timedOut;
        if (told !== elapsed) throw new Error(`the exit tells timedOut ${told}`);
      }
      if (told !== null && to.context.timedOut !== told) throw new Error(`it has become ${to.context.timedOut}`);
      return { elapsed, told };
    },
  });
});

it("kills a child that comes to life after nobody wants it any more, and never shows it (03 section 5.3)", () => {
  verifies("03 SS-54");
  const late = everything.steps.filter(
    ({ from, event }) => event.type === "child.spawned" && from?.states.has("process.Starting.Unwanted"),
  );
  expect(late).toHaveLength(2 * stdins.length);
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
