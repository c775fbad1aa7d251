import { expect, it } from "vitest";
import { sessionMachine } from "../../src/machines/session-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const ttlMs = 30_000;
/** Before every deadline, at the first one, after it. */
const times = [0, ttlMs, ttlMs + 1] as const;
const connections = ["first", "second"] as const;

const everything = walk(sessionMachine, {
  inputs: [{ sessionId: "s", holder: "first", ttlMs }],
  events: [
    ...connections.flatMap((connectionId) =>
      times.flatMap((now) => [
        { type: "detach" as const, connectionId, now },
        { type: "resume" as const, connectionId, now },
      ]),
    ),
    { type: "contested" },
    { type: "holder.heard" },
    { type: "end" },
    { type: "shutdown" },
  ],
});

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Expired", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always exactly one of attached, detached, expired (03 SS-10)", () => {
  verifies("03 SS-10");
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("expired"), key).toBe(isDone);
  }
});

it("has a holder exactly while it is attached (03 I-10)", () => {
  verifies("03 I-10");
  for (const { tags, context, key } of everything.configurations) {
    expect(context.holder !== null, key).toBe(tags.includes("attached"));
  }
});

it("has a deadline whenever it is detached, and never together with a holder (03 SS-10, SS-13)", () => {
  verifies("03 SS-10", "03 SS-13");
  for (const { tags, context, key } of everything.configurations) {
    if (tags.includes("detached")) expect(context.deadline, key).not.toBeNull();
    if (context.holder !== null) expect(context.deadline, key).toBeNull();
  }
});

it("is not changed by the detach of a connection that does not hold it (03 SS-13, I-12)", () => {
  verifies("03 SS-13", "03 I-12");
  let strangers = 0;
  for (const { from, to, event, effects, label } of everything.steps) {
    if (event.type !== "detach" || from === null) continue;
    if (from.context.holder === (event as { connectionId?: string }).connectionId) continue;
    strangers += 1;
    expect(to.key, label).toBe(from.key);
    expect(effects, label).toEqual([]);
  }
  expect(strangers).toBeGreaterThan(0);
});

it("expires a full ttl after the detach, whenever that was (03 SS-14)", () => {
  verifies("03 SS-14");
  for (const { from, to, event, label } of everything.steps) {
    if (from === null || !from.tags.includes("attached") || !to.tags.includes("detached")) continue;
    expect(to.context.deadline, label).toBe((event as { now?: number }).now! + ttlMs);
  }
});

it("lets a connection resume exactly while detached and before the deadline; at a tie expiry wins (03 SS-12, I-11)", () => {
  verifies("03 SS-12", "03 I-11");
  for (const { from, to, event, label } of everything.steps) {
    if (event.type !== "resume" || from === null) continue;
    const { connectionId, now } = event as { connectionId?: string; now?: number };
    const { deadline } = from.context;
    if (deadline === null) {
      // Held: the registry refuses, the session does not even notice.
      expect(to.key, label).toBe(from.key);
    } else if (now! < deadline) {
      expect(to.tags, label).toEqual(["attached"]);
      expect(to.context.holder, label).toBe(connectionId);
    } else {
      expect(to.tags, label).toEqual(["expired"]);
    }
  }
});

it("lets only one of several racing resumes succeed (03 SS-16, I-13)", () => {
  verifies("03 SS-16", "03 I-13");
  followPaths(everything, {
    start: null as string | null,
    see(holder, { from, to, event }) {
      if (event.type === "resume" && holder !== null && to.context.holder !== holder) {
        throw new Error("a resume took the session from its holder");
      }
      if (
        from !== null &&
        to.context.holder !== holder &&
        !["detach", "resume", "end", "shutdown"].includes(event.type)
      ) {
        throw new Error(`${event.type} changed the holder`);
      }
      return to.context.holder;
    },
  });
});

it("ends exactly once, by expiry or by retirement, and asks nothing of anybody afterwards (03 SS-15, SS-66)", () => {
  verifies("03 SS-15", "03 SS-66");
  for (const { to, event, effects, label } of everything.steps) {
    const ends = effects.filter(({ type }) => type === "expire" || type === "retire").map(({ type }) => type);
    expect(ends, label).toEqual(to.isDone ? [event.type === "shutdown" ? "retire" : "expire"] : []);
  }
});

it("probes its holder once per contest, and evicts only one that stayed silent (03 D-1, SS-19)", () => {
  verifies("03 D-1", "03 SS-19");
  followPaths(everything, {
    start: { probed: false, evicted: false },
    see({ probed, evicted }, { to, label, effects }) {
      for (const { type } of effects) {
        if (type === "probeHolder") {
          if (probed) throw new Error("a second probe while the first one runs");
          probed = true;
        }
        if (type === "evictHolder") {
          if (!probed || label !== "after probeGrace") throw new Error("evicted without a probe that ran out");
          if (evicted) throw new Error("evicted twice");
          evicted = true;
        }
      }
      if (!to.tags.includes("attached")) return { probed: false, evicted: false };
      // A sign of life that comes after the eviction changes nothing any more.
      if (label === "holder.heard" && !evicted) return { probed: false, evicted };
      return { probed, evicted };
    },
  });
});

it("leaves a holder alone that gives a sign of life in time (03 D-1)", () => {
  verifies("03 D-1");
  const saved = everything.steps.filter(
    ({ from, event }) => event.type === "holder.heard" && from?.states.has("session.Attached.Probing"),
  );
  expect(saved.length).toBeGreaterThan(0);
  for (const { from, to } of saved) {
    expect(to.states.has("session.Attached.Held")).toBe(true);
    expect(to.context).toEqual(from?.context);
  }
});
