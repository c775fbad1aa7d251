import { expect, it } from "vitest";
import { assign, createMachine, fromPromise, setup } from "xstate";
import { statesOf } from "../../src/inspector/chart/edges.ts";
import { machines, toJson, toMermaid } from "../../src/machines/index.ts";
import { mermaidFaults } from "./mermaid-grammar.ts";

it.each(Object.entries(machines))("draws the %s machine in text that Mermaid reads", (_, machine) => {
  expect(mermaidFaults(toMermaid(machine))).toEqual([]);
});

it.each(Object.entries(machines))(
  "draws every state without children and every event of the %s machine",
  (_, machine) => {
    const text = toMermaid(machine);
    const leaves = statesOf(machine.root).filter((state) => Object.keys(state.states).length === 0);
    for (const { key } of leaves) expect(text).toContain(key);
    for (const event of machine.events.filter((type) => !type.startsWith("xstate."))) expect(text).toContain(event);
    for (const delay of Object.keys(machine.implementations.delays)) expect(text).toContain(`after ${delay}`);
  },
);

it("draws guards with their alternative, actions with short parameters, delays with their value", () => {
  const machine = setup({
    types: {} as { context: { count: number }; events: { type: "go" } },
    guards: { isReady: () => true },
    actions: { signal: (_, _params: { name: string; why: string }) => undefined, count: assign({ count: 1 }) },
    delays: { grace: 1_500, soon: 20, later: ({ context }) => context.count },
  }).createMachine({
    id: "m",
    context: { count: 0 },
    initial: "A",
    states: {
      A: {
        on: {
          go: [
            {
              guard: "isReady",
              target: "B",
              actions: ["count", { type: "signal", params: { name: "TERM", why: "the time is up" } }],
            },
            { target: "C" },
          ],
        },
        after: { grace: "B", soon: "C", later: "C", 60000: "B" },
      },
      B: { type: "final" },
      C: { type: "final", exit: assign({ count: 2 }) },
    },
  });
  expect(toMermaid(machine)).toBe(`stateDiagram-v2
  [*] --> A
  A
  B
  C: C
  C: exit / assign
  A --> B: go [isReady] / count, signal(TERM)<br/>after 60 s<br/>after grace (1.5 s)
  A --> C: go [else]<br/>after soon (20 ms)<br/>after later
  B --> [*]
  C --> [*]
`);
});

it("draws hierarchy, and arrows that cross it between the composites, with the state that they start from", () => {
  const machine = setup({ actors: { work: fromPromise(() => Promise.resolve()) } }).createMachine({
    id: "m",
    initial: "Busy",
    on: { reset: { target: ".Busy" } },
    states: {
      Busy: {
        initial: "Working",
        onDone: "Idle",
        states: {
          Working: { invoke: { src: "work", onDone: "Done", onError: "#m.Broken" } },
          Done: { type: "final" },
        },
      },
      Idle: { on: { again: "#m.Busy.Working" } },
      Broken: { type: "final" },
    },
  });
  expect(toMermaid(machine)).toBe(`stateDiagram-v2
  [*] --> Busy
  state Busy {
    [*] --> Working
    Working: Working
    Working: invokes work
    Done
    Working --> Done: work done
    Done --> [*]
  }
  Idle
  Broken
  Busy --> Busy: reset
  Idle --> Busy: reset<br/>again, into Working
  Busy --> Idle: when done
  Busy --> Broken: in Working, work failed
  Broken --> [*]
`);
});

it("draws parallel regions flat, names apart what is called alike, and lets no arrow touch a composite there", () => {
  const region = {
    initial: "Open",
    states: {
      Open: {
        initial: "A",
        on: { end: "Ended", look: { actions: "look" } },
        states: { A: { on: { flip: "B" } }, B: {} },
      },
      Ended: { type: "final" },
    },
  } as const;
  const machine = createMachine({
    id: "m",
    initial: "Live",
    states: {
      Live: { type: "parallel", onDone: "Over", states: { out: region, err: region } },
      Over: { type: "final" },
    },
  });
  const text = toMermaid(machine);
  expect(mermaidFaults(text)).toEqual([]);
  expect(text).toContain(`    state out {
      [*] --> out_Open_A
      out_Open_A: Open.A
      out_Open_A: look / look
      out_Open_B: Open.B
      out_Open_B: look / look
      out_Ended: Ended
      out_Open_A --> out_Ended: end
      out_Open_B --> out_Ended: end
      out_Open_A --> out_Open_B: flip
      out_Ended --> [*]
    }
    --
    state err {`);
  expect(text).toContain("Live --> Over: when every region is done");
});

it("refuses what Mermaid cannot draw", () => {
  const regions = { A: {}, B: {} };
  expect(() => toMermaid(createMachine({ id: "m", type: "parallel", states: regions }))).toThrow("cannot draw");
});

it("keeps names out of the way of Mermaid's own signs", () => {
  const machine = createMachine({
    id: "m",
    initial: "A b",
    states: { "A b": { on: { "odd: event; #1": "C%d" } }, "C%d": { type: "final" } },
  });
  expect(toMermaid(machine)).toBe(`stateDiagram-v2
  [*] --> A_b
  A_b: A b
  C_d: C d
  A_b --> C_d: odd event 1
  C_d --> [*]
`);
});

it.each(Object.entries(machines))(
  "exports the %s machine as JSON from which XState builds the same states",
  (_, machine) => {
    const json = toJson(machine);
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    // What comes out of JSON has no types that createMachine could check.
    const rebuilt = createMachine(json as Parameters<typeof createMachine>[0]);
    expect(statesOf(rebuilt.root).map(({ id }) => id)).toEqual(statesOf(machine.root).map(({ id }) => id));
  },
);

it("knows bad diagrams when it sees them", () => {
  const faultsOf = (...lines: string[]) => mermaidFaults(["stateDiagram-v2", ...lines, ""].join("\n"));
  expect(faultsOf("[*] --> A", "A")).toEqual([]);
  expect(faultsOf("[*] --> A")).toEqual([": A is mentioned outside its place"]);
  expect(faultsOf("[*] --> A", "A: a: b")).toHaveLength(1);
  expect(faultsOf("[*] --> A", "state A {", "[*] --> B", "B")).toContain("a brace is missing");
  expect(faultsOf("[*] --> A", "A", "A -> A")).toEqual(["line 4: not a statement: A -> A"]);
  const region = ["state R {", "[*] --> C", "state C {", "[*] --> B", "B", "}", "}"];
  expect(faultsOf("[*] --> A", "state A {", ...region, "--", "state S {", "[*] --> D", "D", "}", "}")).toEqual([
    "R: an arrow touches a composite, C",
  ]);
});
