import { expect, it } from "vitest";
import type { LinkInput } from "../../src/machines/link-context.ts";
import { linkMachine } from "../../src/machines/link-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { type Configuration, walk } from "./walk.ts";

const retryable = Object.assign(new Error("held by another connection"), { isRetryable: true });
const permanent = new Error("unknown session id");
const final = Object.assign(new Error("refused with HTTP 404"), { isRetryable: false });
const input = (canReconnect: boolean): LinkInput => ({ canReconnect, longestRecoveryMs: 40_000 });

const everything = walk(linkMachine, {
  inputs: [input(true), input(false)],
  events: [
    ...[0, 1, 2, 3].map((generation) => ({
      type: "connection.ended" as const,
      generation,
      reason: `connection ${generation} ended`,
    })),
    { type: "connection.heard", agoMs: 0 },
    { type: "connection.heard", agoMs: 4_000 },
    { type: "path.doubted" },
    { type: "close" },
  ],
  outcomes: {
    dial: { outputs: [undefined], errors: [new Error("refused"), final, "no error object"] },
    handshake: {
      outputs: [null, 60_000].map((sessionTtlMs) => ({ sessionId: "session-1", sessionTtlMs })),
      errors: [permanent, retryable],
    },
    catchUp: { outputs: [undefined], errors: [retryable, new Error("no such answer")] },
  },
  // The ordinals grow without end: what matters is how far the newest is from the installed, up to those of the events.
  matters: ({
    canReconnect,
    newest,
    generation,
    sessionId,
    sessionTtlMs,
    recoveryDeadlineMs,
    attempts,
    heardAgoMs,
    reason,
  }) => [
    canReconnect,
    sessionTtlMs,
    recoveryDeadlineMs,
    Math.min(newest, 3),
    Math.min(generation, 3),
    sessionId,
    Math.min(attempts, 2),
    heardAgoMs,
    reason,
  ],
});
type Place = Configuration<typeof linkMachine>;
type Outer = "Connecting" | "Connected" | "Recovering" | "Failed" | "Closed";

const outer = ({ value }: Place): Outer =>
  (typeof value === "string" ? value : Object.keys(value as object)[0]) as Outer;
const isIn = (place: Place | null, state: string) => place?.states.has(`link.${state}`) === true;
const steps = everything.steps.filter((step) => step.from !== null) as (Omit<
  (typeof everything.steps)[number],
  "from"
> & { from: Place })[];
const recovering = steps.filter(({ from }) => outer(from) === "Recovering");
const endsOf = (event: unknown) => event as { readonly generation: number; readonly reason: string };

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Failed or Closed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always exactly one of connecting, connected, recovering, ended", () => {
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("is not changed by the end of a connection of another generation (03 I-19, CL-2, N-1)", () => {
  verifies("03 I-19", "03 CL-2", "03 N-1");
  const seen = new Set<Outer>();
  for (const { from, to, event, label } of steps) {
    if (event.type !== "connection.ended") continue;
    const { generation, newest } = from.context;
    const counts = outer(from) === "Connected" ? generation : newest;
    if (endsOf(event).generation === counts) continue;
    seen.add(outer(from));
    expect(to.key, label).toBe(from.key);
  }
  expect(seen).toEqual(new Set(["Connecting", "Connected", "Recovering"]));
});

it("never installs an older connection, and only ever the newest (03 I-19)", () => {
  verifies("03 I-19");
  for (const { from, to, label } of steps) {
    if (to.context.generation === from.context.generation && to.context.newest === from.context.newest) continue;
    expect(to.context.generation, label).toBeGreaterThanOrEqual(Math.min(from.context.generation, 3));
    expect(to.context.newest, label).toBeGreaterThanOrEqual(Math.min(from.context.newest, 3));
    if (outer(from) !== "Connected" && outer(to) === "Connected") {
      expect(to.context.generation, label).toBe(to.context.newest);
    }
  }
});

it("installs the candidate on each way into Connected, and never elsewhere (03 CL-11, CL-12)", () => {
  verifies("03 CL-11", "03 CL-12");
  for (const { from, to, effects, label } of steps) {
    const installed = effects.filter(({ type }) => type === "installCandidate").length;
    expect(installed, label).toBe(outer(from) !== "Connected" && outer(to) === "Connected" ? 1 : 0);
  }
});

it("fails for good when the first connection cannot be had, whatever the error says (03 CL-3)", () => {
  verifies("03 CL-3");
  const failed = steps.filter(({ from, to }) => outer(from) === "Connecting" && to.value === "Failed");
  expect(new Set(failed.map(({ to }) => to.context.reason))).toEqual(
    new Set([
      "refused",
      "refused with HTTP 404",
      "no error object",
      "unknown session id",
      "held by another connection",
      "connection 1 ended",
      "the executor was not reached in time",
      "the executor did not answer `initialize` in time",
    ]),
  );
  for (const { from, to } of steps) if (outer(from) === "Connecting") expect(outer(to)).not.toBe("Recovering");
});

it("recovers when the connection in use ends, and dials at once (03 CL-7, CL-10, CL-11)", () => {
  verifies("03 CL-7", "03 CL-10");
  const lost = steps.filter(
    ({ from, event }) =>
      outer(from) === "Connected" &&
      event.type === "connection.ended" &&
      endsOf(event).generation === from.context.generation,
  );
  expect(lost.length).toBeGreaterThan(2);
  for (const { from, to, event, label } of lost) {
    expect(to.value, label).toEqual(from.context.canReconnect ? { Recovering: "Dialing" } : "Failed");
    expect(to.context.reason, label).toBe(endsOf(event).reason);
  }
});

it("fails with the bare reason where a lost connection cannot be replaced (03 CL-10)", () => {
  verifies("03 CL-10");
  for (const { from, to, label } of steps) {
    if (from.context.canReconnect || to.value !== "Failed" || outer(from) === "Connecting") continue;
    expect(to.context.reason, label).not.toContain("failed to resume");
  }
});

it("asks a silent connection for a sign of life, and drops it when none comes (03 D-1)", () => {
  verifies("03 D-1");
  const looks = steps.filter(({ label }) => label === "after pingIdle");
  expect(looks.length).toBeGreaterThan(0);
  for (const { to, effects, label } of looks) {
    expect([{ Connected: "Silent" }, { Recovering: { CatchingUp: "Silent" } }], label).toContainEqual(to.value);
    expect(effects, label).toEqual([{ type: "ping", params: undefined }]);
  }
  for (const { from, to, effects, label } of steps.filter((step) => step.label === "after pongWait")) {
    if (isIn(from, "Recovering.CatchingUp.Silent")) {
      expect(to.value, label).toEqual({ Recovering: "BackingOff" });
      continue;
    }
    expect(
      effects.map(({ type }) => type),
      label,
    ).toEqual(["dropInstalled"]);
    expect(outer(to), label).toBe(from.context.canReconnect ? "Recovering" : "Failed");
    expect(to.context.reason, label).toBe("the executor gave no sign of life");
  }
  for (const { from, to, event, label } of steps) {
    if (event.type !== "connection.heard") continue;
    if (isIn(from, "Connected.Silent")) expect(to.value, label).toEqual({ Connected: "Heard" });
    else if (isIn(from, "Recovering.CatchingUp.Silent")) {
      expect(to.value, label).toEqual({ Recovering: { CatchingUp: "Heard" } });
    } else expect(to.key, label).toBe(from.key);
  }
});

it("answers a retryable failure with a pause and a permanent one with the end (03 CL-13)", () => {
  verifies("03 CL-13");
  const outcomes = new Map<string, Set<string>>();
  for (const { from, to, event, label } of recovering) {
    if (!label.endsWith(" failed")) continue;
    const state = JSON.stringify(from.value);
    const { error } = event as unknown as { error: unknown };
    const key = `${label} ${error instanceof Error ? error.message : error}`;
    outcomes.set(key, (outcomes.get(key) ?? new Set()).add(JSON.stringify(to.value)));
    expect(to.context.sessionId, state).toBe("session-1");
  }
  const pause = new Set(['{"Recovering":"BackingOff"}']);
  expect(Object.fromEntries(outcomes)).toEqual({
    "dial failed refused": pause,
    "dial failed no error object": pause,
    "dial failed refused with HTTP 404": new Set(['"Failed"']),
    "handshake failed held by another connection": pause,
    "handshake failed unknown session id": new Set(['"Failed"']),
    "catchUp failed held by another connection": pause,
    "catchUp failed no such answer": pause,
  });
});

it("gives up an attempt whose connection ends or that takes too long, and tries again (03 CL-13, F-2, F-4, F-8)", () => {
  verifies("03 CL-13");
  const attempts = { Dialing: "after dialTimeout", Resuming: "after handshakeTimeout", CatchingUp: null };
  for (const [state, timeout] of Object.entries(attempts)) {
    const within = recovering.filter(({ from }) => isIn(from, `Recovering.${state}`));
    const ended = within.filter(
      ({ from, event }) => event.type === "connection.ended" && endsOf(event).generation === from.context.newest,
    );
    const timeouts = within.filter(({ label }) => label === timeout);
    expect(ended.length, state).toBeGreaterThan(0);
    expect(timeouts.length > 0, state).toBe(timeout !== null);
    for (const { to, effects, label } of [...ended, ...timeouts]) {
      expect(to.value, label).toEqual({ Recovering: "BackingOff" });
      expect(
        effects.map(({ type }) => type),
        label,
      ).toEqual(["dropCandidate"]);
    }
  }
});

it("never has two attempts at once, and pauses between two, except before the first (03 I-22)", () => {
  verifies("03 I-22");
  for (const { from, to, event, label } of steps) {
    if (!isIn(to, "Recovering.Dialing") || isIn(from, "Recovering.Dialing")) continue;
    if (outer(from) === "Recovering") {
      expect(from.value, label).toEqual({ Recovering: "BackingOff" });
      expect(["after retryPause", "path.doubted"]).toContain(label);
    } else expect(["connection.ended", "xstate.after.pongWait.link.Connected.Silent"], label).toContain(event.type);
  }
});

it("counts the attempts of one recovery, and begins anew with the next (03 CL-17)", () => {
  verifies("03 CL-17");
  for (const { from, to, label } of steps) {
    if (outer(to) === "Connected") expect(to.context.attempts, label).toBe(0);
    if (outer(from) === "Connected" && outer(to) === "Recovering") expect(to.context.attempts, label).toBe(0);
    if (isIn(to, "Recovering.BackingOff") && !isIn(from, "Recovering.BackingOff")) {
      expect(to.context.attempts, label).toBeGreaterThan(0);
    }
  }
});

it("fails at the deadline from every state of Recovering, with the reason of the loss and how long it tried (03 CL-15, I-22)", () => {
  verifies("03 CL-15", "03 I-22");
  const deadlines = recovering.filter(({ label }) => label === "after recoveryDeadline");
  const states = new Set(deadlines.map(({ from }) => JSON.stringify(from.value)));
  expect(states).toEqual(
    new Set(
      ["Dialing", "Resuming", { CatchingUp: "Heard" }, { CatchingUp: "Silent" }, "BackingOff"].map((state) =>
        JSON.stringify({ Recovering: state }),
      ),
    ),
  );
  for (const { from, to } of deadlines) {
    expect(to.value).toBe("Failed");
    expect(to.context.reason).toBe(
      `${from.context.reason}; failed to resume the session: recovery timed out after ${from.context.recoveryDeadlineMs / 1_000}s`,
    );
  }
});

it("gives up before the executor does: the deadline comes with the offer of the connection that is installed (03 section 11)", () => {
  verifies("03 CL-17");
  const deadlines = new Set<string>();
  for (const { from, to, label } of steps) {
    if (outer(from) !== "Connected" && outer(to) === "Connected") {
      deadlines.add(`${to.context.sessionTtlMs} -> ${to.context.recoveryDeadlineMs}`);
    } else expect(to.context.recoveryDeadlineMs, label).toBe(from.context.recoveryDeadlineMs);
  }
  expect(deadlines).toEqual(new Set(["null -> 25000", "60000 -> 40000"]));
});

it("says why the session could not be resumed when the executor refuses it (03 CL-15, F-12)", () => {
  verifies("03 CL-15");
  const refused = recovering.filter(({ to, label }) => label === "handshake failed" && to.value === "Failed");
  expect(refused.length).toBeGreaterThan(0);
  for (const { from, to } of refused) {
    expect(to.context.reason).toBe(`${from.context.reason}; failed to resume the session: unknown session id`);
  }
});

it("knows its session from the first handshake on, and keeps it (03 CL-1)", () => {
  verifies("03 CL-1");
  for (const { tags, context, key } of everything.configurations) {
    if (tags.includes("connecting")) expect(context.sessionId, key).toBeNull();
    if (tags.includes("connected") || tags.includes("recovering")) expect(context.sessionId, key).toBe("session-1");
  }
});

it("has a reason exactly when it is recovering or has ended (03 I-24)", () => {
  verifies("03 I-24");
  for (const place of everything.configurations) {
    const hasReason = outer(place) === "Recovering" || place.isDone;
    expect(place.context.reason !== null, place.key).toBe(hasReason);
    expect(place.context.reason, place.key).not.toBe("");
  }
});

it("tries at once when the host wakes or its network changed, or probes its connection (03 N-7, D-10)", () => {
  verifies("03 N-7", "03 D-10");
  const probed = new Set<string>();
  for (const { from, to, event, effects, label } of steps) {
    if (event.type !== "path.doubted") continue;
    if (isIn(from, "Recovering.BackingOff")) {
      expect(isIn(to, "Recovering.Dialing"), label).toBe(true);
      continue;
    }
    if (!isIn(from, "Connected") && !isIn(from, "Recovering.CatchingUp")) {
      expect(to.key, label).toBe(from.key);
      continue;
    }
    probed.add(JSON.stringify(from.value));
    const watched = isIn(from, "Connected") ? "Connected" : "Recovering.CatchingUp";
    expect(isIn(to, `${watched}.Silent`), label).toBe(true);
    expect(
      effects.map(({ type }) => type),
      label,
    ).toEqual(["ping"]);
  }
  expect(probed.size).toBe(4);
});

it("closes from every open configuration when its user says so, and never reports that as a failure (03 CL-18)", () => {
  verifies("03 CL-18");
  const closed = new Set<string>();
  for (const { from, to, event, label } of steps) {
    if (event.type !== "close") expect(to.value, label).not.toBe("Closed");
    if (event.type !== "close" || from.isDone) continue;
    closed.add(JSON.stringify(from.value));
    expect(to.value, label).toBe("Closed");
    expect(to.context.reason, label).toBe("the link was closed");
  }
  expect(closed.size).toBe(9);
});

it("moves only as its chart says: connecting once, then connected and recovering in turn, and nothing after the end", () => {
  const follows: Record<Outer, readonly Outer[]> = {
    Connecting: ["Connecting", "Connected", "Failed", "Closed"],
    Connected: ["Connected", "Recovering", "Failed", "Closed"],
    Recovering: ["Recovering", "Connected", "Failed", "Closed"],
    Failed: [],
    Closed: [],
  };
  followPaths(everything, {
    start: "Connecting" as Outer,
    see(before, { to }) {
      if (!follows[before].includes(outer(to))) throw new Error(`${outer(to)} after ${before}`);
      return outer(to);
    },
  });
});
