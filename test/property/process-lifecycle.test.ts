import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { createActor } from "xstate";
import { type ProcessEvent, type ProcessInput, processMachine } from "../../src/machines/process-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { ProcessModel } from "./process-model.ts";
import { runs } from "./runs.ts";

// XState warns of each event to an actor that has ended; sending some is the point here.
vi.spyOn(console, "warn").mockImplementation(() => undefined);

let effects: string[] = [];
const logic = processMachine.provide({
  actions: {
    spawn: () => effects.push("spawn"),
    interruptGroup: () => effects.push("SIGINT"),
    signalGroup: (_, { signal }) => effects.push(signal),
    letGoOfPipes: () => effects.push("let go"),
    publishExited: (_, { exitCode, timedOut }) => effects.push(`exited ${exitCode}${timedOut ? " timed out" : ""}`),
    publishClosed: () => effects.push("closed"),
    probeHolder: () => effects.push("probe"),
    awaitClient: () => effects.push("await"),
    awaitClientNoMore: () => effects.push("await no more"),
    release: () => effects.push("release"),
  },
});

/** What happens to a session while it has a closed process; the moment is the clock's. */
const audience = ["close.delivered", "session.attached", "session.detached"] as const;

type Operation =
  | { readonly type: "send"; readonly event: ProcessEvent }
  | { readonly type: "tell"; readonly event: (typeof audience)[number] }
  | { readonly type: "advance" | "stall"; readonly ms: number };

const event: fc.Arbitrary<ProcessEvent> = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ type: "child.spawned" as const }) },
  { weight: 10, arbitrary: fc.record({ type: fc.constant("child.exited" as const), exitCode: fc.nat(255) }) },
  { weight: 20, arbitrary: fc.constantFrom({ type: "stdout.ended" as const }, { type: "stderr.ended" as const }) },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      { type: "stdin.closed" as const, lostBytes: 0 },
      { type: "output.paused" as const },
      { type: "output.resumed" as const },
      { type: "interrupt" as const },
    ),
  },
  { weight: 10, arbitrary: fc.constantFrom({ type: "terminate" as const }, { type: "stop" as const }) },
  {
    weight: 12,
    arbitrary: fc.constantFrom({ type: "close.sent" as const }, { type: "close.unheard" as const }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { type: "session.expired" as const },
      { type: "child.spawnFailed" as const },
      { type: "crowdedOut" as const },
    ),
  },
);
/** Around the delays of a process, 2 s and 30 s, and beyond those of its time limit. */
const pause = fc.oneof(fc.nat(2_500), fc.constantFrom(1_999, 2_000, 29_999, 30_000, 60_000));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant("send" as const), event }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("tell" as const), event: fc.constantFrom(...audience) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("advance" as const, "stall" as const), ms: pause }) },
);
const input = fc.record({
  processId: fc.string(),
  stdin: fc.constantFrom("none" as const, "pipe", "pty"),
  timeLimitMs: fc.option(fc.integer({ min: 1, max: 5_000 })),
});

function startProcess(given: ProcessInput) {
  effects = [];
  const clock = new VirtualClock();
  const actor = createActor(logic, { clock, input: given }).start();
  const apply = (step: Operation): void => {
    if (step.type === "send") actor.send(step.event);
    else if (step.type === "tell") actor.send({ type: step.event, now: clock.now() });
    else if (step.type === "advance") clock.advance(step.ms);
    else clock.stall(step.ms);
  };
  return { actor, clock, apply };
}

it("does what the model of a process does, step by step, and keeps no timer that the model does not keep", () => {
  const ends = { closed: 0, evicted: 0 };
  fc.assert(
    fc.property(input, fc.array(operation, { maxLength: 80, size: "max" }), (given, operations) => {
      const { actor, clock, apply } = startProcess(given);
      const model = new ProcessModel(given);
      for (const step of operations) {
        apply(step);
        if (step.type === "send") model.send(step.event);
        else if (step.type === "tell") model.tell(step.event);
        else model[step.type](step.ms);
        const { tags, context } = actor.getSnapshot();
        expect([effects, [...tags].toSorted(), context.exitCode, clock.pending]).toEqual([
          model.effects,
          model.tags,
          model.exitCode,
          model.timers,
        ]);
      }
      if (effects.includes("closed")) ends.closed += 1;
      if (effects.includes("closed") && effects.includes("release")) ends.evicted += 1;
    }),
    runs,
  );
  // The sequences are worth nothing unless they get somewhere.
  expect(ends.closed).toBeGreaterThan(100);
  expect(ends.evicted).toBeGreaterThan(20);
});

it("keeps a closed process until a client that knows of the close has had 30 s with it, however often it was away (03 D-3)", () => {
  verifies("03 D-3");
  const pauses = fc.array(fc.record({ attachedMs: fc.nat(20_000), detachedMs: fc.nat(60_000) }), { maxLength: 6 });
  fc.assert(
    fc.property(input, fc.boolean(), fc.nat(100_000), pauses, (given, isSent, unheardMs, absences) => {
      const { actor, clock } = startProcess(given);
      actor.send({ type: "child.spawned" });
      actor.send({ type: "child.exited", exitCode: 0 });
      actor.send({ type: "stdout.ended" });
      actor.send({ type: "stderr.ended" });
      actor.send({ type: isSent ? "close.sent" : "close.unheard" });
      clock.advance(unheardMs);
      actor.send({ type: "close.delivered", now: clock.now() });
      let leftMs = 30_000;
      for (const { attachedMs, detachedMs } of absences) {
        clock.advance(attachedMs);
        leftMs -= attachedMs;
        if (leftMs <= 0) break;
        actor.send({ type: "session.detached", now: clock.now() });
        clock.advance(detachedMs);
        actor.send({ type: "session.attached", now: clock.now() });
      }
      clock.advance(Math.max(0, leftMs - 1));
      expect(effects.includes("release")).toBe(leftMs <= 0);
      clock.advance(1);
      expect(effects).toContain("release");
      expect(clock.pending).toBe(0);
    }),
    runs,
  );
});

it("publishes at most one exit and at most one close, the close last, and nothing after the release (03 I-2)", () => {
  verifies("03 I-2");
  fc.assert(
    fc.property(input, fc.array(operation, { maxLength: 40, size: "max" }), (given, operations) => {
      const { apply } = startProcess(given);
      operations.forEach(apply);
      const published = effects.filter((effect) => effect === "closed" || effect.startsWith("exited"));
      expect(published.length).toBeLessThanOrEqual(2);
      if (published.length > 0) expect(published[0]).toMatch(/^exited/);
      if (published.length > 1) expect(published[1]).toBe("closed");
      if (effects.includes("release")) expect(effects.indexOf("release")).toBe(effects.length - 1);
    }),
    runs,
  );
});

it("keeps the first exit code, whatever else is reported later (02 P-3)", () => {
  verifies("02 P-3");
  const exit = fc.nat(255);
  fc.assert(
    fc.property(input, exit, fc.array(operation, { maxLength: 30, size: "max" }), (given, exitCode, operations) => {
      const { actor, apply } = startProcess(given);
      actor.send({ type: "child.spawned" });
      actor.send({ type: "child.exited", exitCode });
      operations.forEach(apply);
      expect(actor.getSnapshot().context.exitCode).toBe(exitCode);
      expect(effects.filter((effect) => effect.startsWith("exited"))).toEqual([`exited ${exitCode}`]);
    }),
    runs,
  );
});

it("has killed the group of a running child at most 2 s after a stop, and at once on expiry (03 SS-66, I-14)", () => {
  verifies("03 SS-66", "03 I-14");
  const lastWord = fc.constantFrom("stop" as const, "session.expired" as const);
  const calm = operation.filter((step) => step.type !== "send" || step.event.type !== "child.exited");
  fc.assert(
    fc.property(input, fc.array(calm, { maxLength: 20, size: "max" }), lastWord, (given, operations, type) => {
      const { actor, clock, apply } = startProcess(given);
      actor.send({ type: "child.spawned" });
      operations.forEach(apply);
      actor.send({ type });
      if (type === "stop") clock.advance(2_000);
      expect(effects).toContain("SIGKILL");
    }),
    runs,
  );
});
