import { expect, it } from "vitest";
import { mcpServerMachine } from "../../src/machines/mcp-server-machine.ts";
import { walk } from "./walk.ts";

const everything = walk(mcpServerMachine, {
  inputs: [
    { canEndInput: true, graceMs: 2_000 },
    { canEndInput: false, graceMs: 2_000 },
  ],
  events: [
    { type: "start" },
    { type: "server.started" },
    { type: "start.failed" },
    { type: "server.closed" },
    { type: "server.failed" },
    { type: "close" },
  ],
});

it("reaches every state and takes every transition on some path, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("takes messages only while the server runs and nobody has closed it", () => {
  for (const { tags, value, key } of everything.configurations) {
    expect(tags.includes("usable"), key).toBe(value === "Running");
  }
});
