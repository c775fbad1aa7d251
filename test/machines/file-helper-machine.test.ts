import { expect, it } from "vitest";
import { fileHelperMachine } from "../../src/machines/file-helper-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { walk } from "./walk.ts";

const everything = walk(fileHelperMachine, {
  inputs: [
    { fingerprint: "f", isKept: true },
    { fingerprint: "f", isKept: false },
  ],
  events: [
    { type: "helper.ready" },
    { type: "helper.exited" },
    { type: "use.began" },
    { type: "use.ended" },
    { type: "use.abandoned" },
    { type: "abandoned.ended" },
    { type: "retire" },
  ],
  // More than two are like two.
  matters: ({ uses, abandoned, isKept }) => [isKept, Math.min(uses, 3), Math.min(abandoned, 3)],
});

it("reaches every state and takes every transition on some path, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("takes uses only while nothing hangs in it, and only until it is killed", () => {
  for (const { tags, value, key, context } of everything.configurations) {
    const isKilled = value === "Ending" || value === "Ended";
    expect(tags.includes("taking"), key).toBe(!isKilled && value !== "Draining");
    if (value === "Draining") expect(context.abandoned, key).toBeGreaterThan(0);
  }
});

it("is idle exactly when it serves nobody, and ends by itself from there alone (05 SB-F10)", () => {
  verifies("05 SB-F10");
  for (const { tags, key, context } of everything.configurations) {
    if (tags.includes("idle")) expect(context.uses, key).toBe(0);
  }
  for (const { label, from, effects } of everything.steps) {
    if (label === "after idle" && effects.some(({ type }) => type === "kill")) expect(from?.context.uses).toBe(0);
  }
});

it("is not kept for a moment after its last use where it occupies places of the host (05 SB-L13)", () => {
  verifies("05 SB-L13");
  for (const { label, from, to } of everything.steps) {
    if (label !== "use.ended" || from === null || from.context.uses !== 1 || !from.tags.includes("live")) continue;
    if (from.context.isKept || from.value === "Starting") continue;
    expect(to.value, from.key).toBe("Ending");
  }
});

it("is killed at once when its last use is abandoned, and never while somebody else uses it (05 SB-F7)", () => {
  verifies("05 SB-F7");
  for (const { label, from, to, effects } of everything.steps) {
    if (label !== "use.abandoned" || from === null || from.context.uses === 0 || !from.tags.includes("live")) continue;
    const kills = effects.some(({ type }) => type === "kill");
    if (from.value !== "Ending") expect(kills, `${from.key} -> ${to.key}`).toBe(from.context.uses === 1);
  }
});
