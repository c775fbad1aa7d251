import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { createActor } from "xstate";
import { sessionMachine } from "../../src/machines/session-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { runs } from "./runs.ts";
import { SessionModel } from "./session-model.ts";

// XState warns of each event to an actor that has ended; sending some is the point here.
vi.spyOn(console, "warn").mockImplementation(() => undefined);

let effects: string[] = [];
const logic = sessionMachine.provide({
  actions: {
    probeHolder: () => effects.push("probe"),
    evictHolder: () => effects.push("evict"),
    expire: () => effects.push("expire"),
    retire: () => effects.push("retire"),
  },
});

const ttlMs = 30_000;
const connections = ["a", "b", "c"] as const;

type Operation =
  | { readonly type: "detach" | "resume"; readonly connectionId: string }
  | { readonly type: "contested" | "holder.heard" | "end" | "shutdown" }
  | { readonly type: "advance" | "stall"; readonly ms: number };

/** Around the two delays of a session, 1.5 s and 30 s, and exactly at them. */
const pause = fc.oneof(fc.nat(2_000), fc.constantFrom(1_499, 1_500, ttlMs - 1, ttlMs, ttlMs + 1));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      type: fc.constantFrom("detach" as const, "resume" as const),
      connectionId: fc.constantFrom(...connections),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({ type: fc.constantFrom("contested" as const, "holder.heard" as const) }),
  },
  { weight: 12, arbitrary: fc.record({ type: fc.constantFrom("advance" as const, "stall" as const), ms: pause }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("end" as const, "shutdown" as const) }) },
);

function startSession() {
  effects = [];
  const clock = new VirtualClock();
  const actor = createActor(logic, { clock, input: { sessionId: "s", holder: "a", ttlMs } }).start();
  const apply = (step: Operation): void => {
    if (step.type === "advance") clock.advance(step.ms);
    else if (step.type === "stall") clock.stall(step.ms);
    else if ("connectionId" in step) actor.send({ ...step, now: clock.now() });
    else actor.send({ type: step.type });
  };
  return { actor, clock, apply };
}

it("does what the model of a session does, step by step, and keeps no timer that the model does not keep", () => {
  const seen = { resumed: 0, expired: 0, evicted: 0 };
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 50, size: "max" }), (operations) => {
      const { actor, clock, apply } = startSession();
      const model = new SessionModel("a", ttlMs);
      for (const step of operations) {
        const wasDetached = model.deadline !== null && !model.isOver;
        apply(step);
        if (step.type === "advance" || step.type === "stall") model[step.type](step.ms);
        else if ("connectionId" in step) model.send({ ...step, now: clock.now() });
        else model.send({ type: step.type });
        const snapshot = actor.getSnapshot();
        const { holder, deadline } = snapshot.context;
        expect([effects, holder, deadline, snapshot.hasTag("expired"), clock.pending]).toEqual([
          model.effects,
          model.holder,
          model.deadline,
          model.isOver,
          model.timers,
        ]);
        if (wasDetached && model.holder !== null) seen.resumed += 1;
      }
      if (effects.includes("expire")) seen.expired += 1;
      if (effects.includes("evict")) seen.evicted += 1;
    }),
    runs,
  );
  // The sequences are worth nothing unless they get somewhere.
  expect(seen.resumed).toBeGreaterThan(100);
  expect(seen.expired).toBeGreaterThan(20);
  expect(seen.evicted).toBeGreaterThan(20);
});

it("has at most one holder, and exactly while it is attached (03 I-10)", () => {
  verifies("03 I-10");
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 50, size: "max" }), (operations) => {
      const { actor, apply } = startSession();
      for (const step of operations) {
        apply(step);
        const { context, tags } = actor.getSnapshot();
        const isHeld = context.holder !== null;
        expect([isHeld, isHeld && context.deadline !== null]).toEqual([tags.has("attached"), false]);
      }
    }),
    runs,
  );
});

it("is not changed by the detach of a connection that does not hold it (03 I-12)", () => {
  verifies("03 I-12");
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 30, size: "max" }),
      fc.constantFrom(...connections),
      (operations, stranger) => {
        const { actor, clock, apply } = startSession();
        operations.forEach(apply);
        const before = actor.getSnapshot();
        fc.pre(before.context.holder !== stranger);
        const [effectsBefore, timersBefore] = [[...effects], clock.pending];
        apply({ type: "detach", connectionId: stranger });
        const after = actor.getSnapshot();
        expect(after.value).toEqual(before.value);
        expect(after.context).toEqual(before.context);
        expect([effects, clock.pending]).toEqual([effectsBefore, timersBefore]);
      },
    ),
    runs,
  );
});

it("never resumes at or after the deadline, whatever the timers did, and always before it (03 I-11)", () => {
  verifies("03 I-11");
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 20, size: "max" }),
      fc.nat(2 * ttlMs),
      fc.boolean(),
      (operations, waitMs, isStalled) => {
        const { actor, apply } = startSession();
        for (const step of operations) if (step.type !== "shutdown" && step.type !== "end") apply(step);
        const { holder } = actor.getSnapshot().context;
        fc.pre(holder !== null);
        apply({ type: "detach", connectionId: holder ?? "" });
        apply({ type: isStalled ? "stall" : "advance", ms: waitMs });
        apply({ type: "resume", connectionId: "c" });
        expect(actor.getSnapshot().hasTag("attached")).toBe(waitMs < ttlMs);
        expect(effects.filter((effect) => effect === "expire")).toHaveLength(waitMs < ttlMs ? 0 : 1);
      },
    ),
    runs,
  );
});

it("lets exactly one of several connections resume, the first that asks in time (03 I-13)", () => {
  verifies("03 I-13");
  const racer = fc.record({ delayMs: fc.nat(ttlMs + 5_000), name: fc.uuid() });
  fc.assert(
    fc.property(fc.uniqueArray(racer, { minLength: 1, maxLength: 8, selector: ({ name }) => name }), (racers) => {
      const { actor, clock } = startSession();
      actor.send({ type: "detach", connectionId: "a", now: clock.now() });
      const winners: string[] = [];
      for (const { delayMs, name } of racers.toSorted((left, right) => left.delayMs - right.delayMs)) {
        clock.advance(delayMs - clock.now());
        const before = actor.getSnapshot().context.holder;
        actor.send({ type: "resume", connectionId: name, now: clock.now() });
        if (before === null && actor.getSnapshot().context.holder === name) winners.push(name);
      }
      const earliest = Math.min(...racers.map(({ delayMs }) => delayMs));
      expect(winners).toHaveLength(earliest < ttlMs ? 1 : 0);
      if (winners.length > 0) expect(racers.find(({ name }) => name === winners[0])?.delayMs).toBe(earliest);
    }),
    runs,
  );
});

it("expires on its own when nobody comes back, with no timer left (03 SS-14, I-14)", () => {
  verifies("03 SS-14", "03 I-14");
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30, size: "max" }), (operations) => {
      const { actor, clock, apply } = startSession();
      operations.forEach(apply);
      const { holder } = actor.getSnapshot().context;
      if (holder !== null) apply({ type: "detach", connectionId: holder });
      clock.advance(ttlMs);
      expect(actor.getSnapshot().status).toBe("done");
      expect(effects.filter((effect) => effect === "expire" || effect === "retire")).toHaveLength(1);
      expect(clock.pending).toBe(0);
    }),
    runs,
  );
});
