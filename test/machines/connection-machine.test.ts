import { expect, it } from "vitest";
import { connectionMachine } from "../../src/machines/connection-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const everything = walk(connectionMachine, {
  inputs: [{ connectionId: "c" }],
  events: [
    { type: "session.attached" },
    { type: "initialized" },
    { type: "session.observed" },
    { type: "observation.ended", code: 1000, reason: "the observed session is over" },
    { type: "violation", reason: "unknown notification" },
    { type: "session.taken" },
    { type: "shutdown" },
    { type: "peer.heard" },
    { type: "transport.ended" },
  ],
});
const isOpen = (configuration: { states: ReadonlySet<string> } | null) => configuration?.states.has("connection.Open");

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Closed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always at exactly one step of the handshake, or ended (03 section 5.1)", () => {
  for (const configuration of everything.configurations) {
    expect(configuration.tags, configuration.key).toHaveLength(1);
    expect(configuration.tags.includes("ended"), configuration.key).toBe(!isOpen(configuration));
  }
});

it("is ready only after `initialize` was answered and `initialized` came, in this order (03 SS-5)", () => {
  verifies("03 SS-5");
  followPaths(everything, {
    start: "" as "" | "attached" | "initialized",
    see(progress, { event, to }) {
      if (progress === "" && event.type === "session.attached") progress = "attached";
      else if (progress === "attached" && event.type === "initialized") progress = "initialized";
      if ((to.tags.includes("ready") || to.tags.includes("observing")) && progress !== "initialized") {
        throw new Error("ready too early");
      }
      if (to.tags.includes("awaitingInitialize") && progress !== "") throw new Error("went back");
      return progress;
    },
  });
});

it("ends the connection on an `initialized` before any `initialize`, tolerates a repeated one (03 SS-5)", () => {
  verifies("03 SS-5");
  for (const { from, to, event, effects, label } of everything.steps) {
    if (event.type !== "initialized" || from === null || !isOpen(from)) continue;
    if (from.tags.includes("awaitingInitialize")) {
      expect(to.value, label).toBe("Closing");
      expect(effects.map(({ type }) => type)).toEqual(["leaveSession", "closeTransport"]);
    } else {
      expect(to.tags, label).toEqual([from.tags.includes("observing") ? "observing" : "ready"]);
      expect(effects, label).toEqual([]);
    }
  }
});

it("leaves its session exactly once, first of all, on every way out of Open (03 SS-13, section 5.1)", () => {
  verifies("03 SS-13");
  for (const { from, to, effects, label } of everything.steps) {
    const leaves = isOpen(from) === true && isOpen(to) === false;
    expect(effects.filter(({ type }) => type === "leaveSession").length, label).toBe(leaves ? 1 : 0);
    if (leaves) expect(effects[0]?.type, label).toBe("leaveSession");
  }
});

it("answers what is pending exactly when another connection takes its session, before the close frame (01 W-47)", () => {
  verifies("01 W-47");
  for (const { from, event, effects, label } of everything.steps) {
    const isEvicted = event.type === "session.taken" && isOpen(from) === true;
    const types = effects.map(({ type }) => type);
    expect(types.includes("refusePending"), label).toBe(isEvicted);
    if (isEvicted) expect(types, label).toEqual(["leaveSession", "refusePending", "closeTransport"]);
  }
});

it("comes back to Open from nowhere, so nothing is executed after an eviction (03 SS-19)", () => {
  verifies("03 SS-19");
  for (const { from, to, label } of everything.steps) {
    if (from !== null && !isOpen(from)) expect(isOpen(to), label).toBe(false);
  }
});

it("ends when evicted or closing, whether the peer reacts or not (03 section 5.1, 01 B-5)", () => {
  verifies("01 B-5");
  const leaving = everything.configurations.filter(({ value }) => value === "Evicted" || value === "Closing");
  expect(leaving.map(({ value }) => value)).toHaveLength(2);
  for (const configuration of leaving) {
    const steps = everything.steps.filter(({ from }) => from === configuration);
    const byPeer = steps.find(({ event }) => event.type === "transport.ended");
    const byClock = steps.find(({ label }) => label === "after closeGrace");
    expect(byPeer?.to.isDone).toBe(true);
    expect(byPeer?.effects).toEqual([]);
    expect(byClock?.to.isDone).toBe(true);
    expect(byClock?.effects.map(({ type }) => type)).toEqual(["destroyTransport"]);
    for (const { to } of steps.filter((step) => step !== byPeer && step !== byClock)) expect(to).toBe(configuration);
  }
});

it("sends at most one close frame, and cuts off at most once, and only a transport that has not ended", () => {
  followPaths(everything, {
    start: { closed: false, destroyed: false, ended: false },
    see(seen, { event, effects }) {
      const now = { ...seen, ended: seen.ended || event.type === "transport.ended" };
      for (const { type } of effects) {
        if (type === "closeTransport") {
          if (now.closed || now.destroyed || now.ended)
            throw new Error("a close frame for a transport that is closing");
          now.closed = true;
        }
        if (type === "destroyTransport") {
          if (now.destroyed || now.ended) throw new Error("cut off what had ended");
          now.destroyed = true;
        }
      }
      return now;
    },
  });
});

it("says with the close frame why it ends: 1002 for a fault of the peer, 1001 for our own shutdown (01 B-5)", () => {
  verifies("01 B-5");
  for (const { event, effects, label } of everything.steps) {
    const close = effects.find(({ type }) => type === "closeTransport");
    if (close === undefined) continue;
    const { code, reason } = close.params as { code: number; reason: string };
    if (event.type === "observation.ended") expect({ code, reason }, label).toMatchObject({ code: 1000 });
    else expect(code, label).toBe(event.type === "shutdown" ? 1001 : 1002);
    expect(reason.length, label).toBeGreaterThan(0);
    if (event.type === "violation") expect(reason).toBe("unknown notification");
  }
});

it("pings each time the interval has passed, also while the peer stays silent, and at no other time (01 W-11)", () => {
  verifies("01 W-11");
  for (const { effects, label } of everything.steps) {
    const pings = effects.filter(({ type }) => type === "ping");
    expect(pings.length, label).toBe(label === "after pingInterval" ? 1 : 0);
  }
  const silent = everything.configurations.filter(({ states }) => states.has("connection.Open.peer.Silent"));
  for (const configuration of silent) {
    const labels = everything.steps.filter(({ from }) => from === configuration).map(({ label }) => label);
    expect(labels).toContain("after pingInterval");
  }
});

it("cuts off a silent peer, and forgives one that was heard (01 B-6)", () => {
  verifies("01 B-6");
  for (const { from, to, event, label, effects } of everything.steps) {
    if (label === "after deadPeer") {
      expect(to.value).toBe("Closed");
      expect(effects.map(({ type }) => type)).toEqual(["leaveSession", "destroyTransport"]);
    }
    if (event.type === "peer.heard" && isOpen(from)) expect(to.states.has("connection.Open.peer.Heard")).toBe(true);
  }
});

it("observes only from Ready on, for as long as it is open, and ends in order when there is nothing left to observe", () => {
  for (const { from, to, event, effects, label } of everything.steps) {
    const observed = to.tags.includes("observing") && from?.tags.includes("observing") !== true;
    expect(observed, label).toBe(event.type === "session.observed" && from?.tags.includes("ready") === true);
    if (from?.tags.includes("observing") && isOpen(to)) expect(to.tags, label).toEqual(["observing"]);
    if (event.type !== "observation.ended" || from === null) continue;
    const isObserving = from.tags.includes("observing");
    expect(to === from, label).toBe(!isObserving);
    if (isObserving) expect(effects.map(({ type }) => type)).toEqual(["leaveSession", "closeTransport"]);
  }
});
