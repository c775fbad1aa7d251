import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { createActor } from "xstate";
import { type ConnectionEvent, connectionMachine } from "../../src/machines/connection-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { ConnectionModel } from "./connection-model.ts";
import { runs } from "./runs.ts";

// XState warns of each event to an actor that has ended; sending some is the point here.
vi.spyOn(console, "warn").mockImplementation(() => undefined);

let effects: string[] = [];
const logic = connectionMachine.provide({
  actions: {
    leaveSession: () => effects.push("leave"),
    refusePending: () => effects.push("refuse"),
    ping: () => effects.push("ping"),
    closeTransport: (_, { code }) => effects.push(`close ${code}`),
    destroyTransport: () => effects.push("destroy"),
  },
});

type Operation =
  | { readonly type: "send"; readonly event: ConnectionEvent }
  | { readonly type: "advance" | "stall"; readonly ms: number };

const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom<ConnectionEvent>(
      { type: "session.attached" },
      { type: "initialized" },
      { type: "session.observed" },
      { type: "peer.heard" },
      { type: "peer.heard" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<ConnectionEvent>(
      { type: "violation", reason: "unknown notification" },
      { type: "session.taken" },
      { type: "observation.ended", code: 1000, reason: "the observed session is over" },
      { type: "shutdown" },
      { type: "transport.ended" },
    ),
  },
);
/** Around the delays of a connection, 1 s, 30 s and 60 s, and exactly at them. */
const pause = fc.oneof(fc.nat(70_000), fc.constantFrom(999, 1_000, 29_999, 30_000, 59_999, 60_000, 90_000));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("send" as const), event }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: pause }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("stall" as const), ms: fc.nat(20_000) }) },
);

function startConnection() {
  effects = [];
  const clock = new VirtualClock();
  const actor = createActor(logic, { clock, input: { connectionId: "c" } }).start();
  const apply = (step: Operation): void => {
    if (step.type === "send") actor.send(step.event);
    else if (step.type === "advance") clock.advance(step.ms);
    else clock.stall(step.ms);
  };
  return { actor, clock, apply };
}

it("does what the model of a connection does, step by step, and keeps no timer that the model does not keep", () => {
  const seen = { ready: 0, observing: 0, silent: 0, cutOff: 0 };
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40, size: "max" }), (operations) => {
      const { actor, clock, apply } = startConnection();
      const model = new ConnectionModel();
      for (const step of operations) {
        apply(step);
        if (step.type === "send") model.send(step.event);
        else model[step.type](step.ms);
        const { tags, status } = actor.getSnapshot();
        expect([effects, [...tags], status === "done", clock.pending]).toEqual([
          model.effects,
          [model.tag],
          model.phase === "closed",
          model.timers,
        ]);
        if (model.phase === "ready") seen.ready += 1;
        if (model.phase === "observing") seen.observing += 1;
      }
      if (effects.includes("ping")) seen.silent += 1;
      if (effects.includes("destroy")) seen.cutOff += 1;
    }),
    runs,
  );
  // The sequences are worth nothing unless they get somewhere.
  expect(seen.ready).toBeGreaterThan(100);
  expect(seen.observing).toBeGreaterThan(50);
  expect(seen.silent).toBeGreaterThan(100);
  expect(seen.cutOff).toBeGreaterThan(50);
});

it("leaves its session exactly once, before it touches the transport, however it ends (03 SS-13)", () => {
  verifies("03 SS-13");
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40, size: "max" }), (operations) => {
      const { actor, apply } = startConnection();
      operations.forEach(apply);
      const ending = effects.filter((effect) => effect !== "ping");
      expect(effects.filter((effect) => effect === "leave")).toHaveLength(actor.getSnapshot().hasTag("ended") ? 1 : 0);
      if (ending.length > 0) expect(ending[0]).toBe("leave");
      if (effects.includes("leave")) expect(effects.slice(effects.indexOf("leave"))).not.toContain("ping");
    }),
    runs,
  );
});

it("is over a second after it was evicted, told to stop or found at fault, even when the peer never reacts (03 5.1)", () => {
  const reason = fc.constantFrom<ConnectionEvent>(
    { type: "session.taken" },
    { type: "shutdown" },
    { type: "violation", reason: "a response to nothing" },
  );
  const deaf = operation.filter((step) => step.type !== "send" || step.event.type !== "transport.ended");
  fc.assert(
    fc.property(fc.array(deaf, { maxLength: 20, size: "max" }), reason, (operations, last) => {
      const { actor, clock, apply } = startConnection();
      operations.forEach(apply);
      actor.send(last);
      clock.advance(1_000);
      expect(actor.getSnapshot().status).toBe("done");
      expect(clock.pending).toBe(0);
    }),
    runs,
  );
});

it("never keeps a silent peer for longer than the ping interval and the dead-peer time (01 B-6)", () => {
  verifies("01 B-6");
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20, size: "max" }), (operations) => {
      const { actor, clock, apply } = startConnection();
      operations.forEach(apply);
      clock.advance(30_000 + 60_000);
      expect(actor.getSnapshot().status).toBe("done");
      expect(clock.pending).toBe(0);
    }),
    runs,
  );
});
