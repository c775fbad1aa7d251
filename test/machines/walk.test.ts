import { expect, it } from "vitest";
import { assign, createMachine, fromPromise, setup } from "xstate";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

it("refuses a machine whose initial names none of its children", () => {
  const machine = createMachine({ id: "m", initial: "Opne", states: { Open: { type: "final" } } });
  expect(() => walk(machine, { events: [] })).toThrow('the initial "Opne" of "m" is none of its children');
});

it("refuses a machine with a misspelt delay, which XState would let fire at once", () => {
  const machine = setup({ delays: { grace: 1_000 } }).createMachine({
    id: "m",
    initial: "A",
    states: { A: { after: { graze: "B" } }, B: { type: "final" } },
  });
  expect(() => walk(machine, { events: [] })).toThrow('delays: "graze" is not provided; delays: "grace" is never used');
});

it("refuses a machine with actions, guards or actors that nobody provides", () => {
  const machine = createMachine({
    id: "m",
    initial: "A",
    states: {
      A: { entry: "start", invoke: { src: "work" }, on: { go: { guard: "isReady", target: "B" } } },
      B: { type: "final" },
    },
  });
  expect(() => walk(machine, { events: [{ type: "go" }], outcomes: { work: { outputs: [], errors: [] } } })).toThrow(
    /actions: "start" is not provided; actors: "work" is not provided; guards: "isReady" is not provided/,
  );
});

it("leaves misspelt targets and missing initials to XState, which refuses to build such machines", () => {
  expect(() => createMachine({ id: "m", initial: "A", states: { A: { on: { go: "Nowhere" } } } })).toThrow("Nowhere");
  expect(() => createMachine({ id: "m", initial: "A", states: { A: { states: { B: {} } } } })).toThrow("m.A");
});

it("refuses a list of events that lacks one of the machine, or has one too many", () => {
  const machine = createMachine({ id: "m", initial: "A", states: { A: { on: { go: "B" } }, B: { type: "final" } } });
  expect(() => walk(machine, { events: [] })).toThrow('no payload is given for the event "go"');
  expect(() => walk(machine, { events: [{ type: "go" }, { type: "gone" }] })).toThrow(
    'no state handles the event "gone"',
  );
});

it("finds states that no path reaches and transitions that none takes", () => {
  const machine = setup({ guards: { never: () => false } }).createMachine({
    id: "m",
    initial: "A",
    states: {
      A: { on: { go: [{ guard: "never", target: "Island" }, { target: "B" }] } },
      Island: { on: { go: "B" } },
      B: { type: "final" },
    },
  });
  const { unreachedStates, untakenTransitions } = walk(machine, { events: [{ type: "go" }] });
  expect(unreachedStates).toEqual(["m.Island"]);
  expect(untakenTransitions).toEqual(["m.A --go--> m.Island", "m.Island --go--> m.B"]);
});

it("counts a state as reached that is only passed through", () => {
  const machine = createMachine({
    id: "m",
    initial: "A",
    states: { A: { on: { go: "Passing" } }, Passing: { always: "B" }, B: { type: "final" } },
  });
  const { unreachedStates, untakenTransitions, configurations } = walk(machine, { events: [{ type: "go" }] });
  expect(unreachedStates).toEqual([]);
  expect(untakenTransitions).toEqual([]);
  expect(configurations.map(({ value }) => value)).toEqual(["A", "B"]);
});

it("finds dead ends", () => {
  const machine = createMachine({
    id: "m",
    initial: "A",
    states: { A: { on: { go: "Trap", end: "B" } }, Trap: {}, B: { type: "final" } },
  });
  const { deadEnds } = walk(machine, { events: [{ type: "go" }, { type: "end" }] });
  expect(deadEnds.map(({ value }) => value)).toEqual(["Trap"]);
});

it("takes timers and the ends of invoked actors for events", () => {
  const machine = setup({
    delays: { grace: 5 },
    actors: { work: fromPromise(() => Promise.resolve(1)) },
  }).createMachine({
    id: "m",
    initial: "Working",
    states: {
      Working: { invoke: { src: "work", onDone: "Resting", onError: "Failed" } },
      Resting: { after: { grace: "Done" } },
      Done: { type: "final" },
      Failed: { type: "final" },
    },
  });
  const { steps } = walk(machine, { events: [], outcomes: { work: { outputs: [1], errors: [new Error("no")] } } });
  expect(steps.map(({ label, to }) => [label, to.value])).toEqual([
    ["start", "Working"],
    ["work done", "Resting"],
    ["work failed", "Failed"],
    ["after grace", "Done"],
  ]);
});

it("tells configurations apart by their context, and runs no side effect", () => {
  let run = 0;
  const machine = setup({
    types: {} as { context: { count: number }; events: { type: "add" } },
    actions: {
      note: () => {
        run += 1;
      },
      count: assign(({ context }) => ({ count: context.count + 1 })),
    },
    guards: { isFull: ({ context }) => context.count === 2 },
  }).createMachine({
    id: "m",
    context: { count: 0 },
    initial: "A",
    states: {
      A: { on: { add: [{ guard: "isFull", target: "B" }, { actions: ["note", "count"] }] } },
      B: { type: "final" },
    },
  });
  const { configurations, steps } = walk(machine, { events: [{ type: "add" }] });
  expect(configurations.map(({ context }) => context.count)).toEqual([0, 1, 2, 2]);
  expect(steps.flatMap(({ effects }) => effects.map(({ type }) => type))).toEqual(["note", "note"]);
  expect(run).toBe(0);
});

it("follows endless paths to the shortest one that an observer objects to", () => {
  const machine = createMachine({
    id: "m",
    initial: "A",
    states: { A: { on: { flip: "B", end: "C" } }, B: { on: { flip: "A", end: "C" } }, C: { type: "final" } },
  });
  const all = walk(machine, { events: [{ type: "flip" }, { type: "end" }] });
  const objectTo = (limit: number) => () =>
    followPaths(all, {
      start: 0,
      see(flips, { event }) {
        if (event.type === "flip" && flips === limit) throw new Error("too many flips");
        return event.type === "flip" ? flips + 1 : flips;
      },
    });
  expect(objectTo(2)).toThrow("too many flips, after: start | flip | flip | flip");
  expect(() =>
    followPaths(all, { start: 0, see: (parity, { event }) => (event.type === "flip" ? 1 - parity : parity) }),
  ).not.toThrow();
});
