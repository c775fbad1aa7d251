import { expect, it } from "vitest";
import { observedProcessMachine } from "../../src/machines/observed-process-machine.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const everything = walk(observedProcessMachine, {
  inputs: [{ processId: "p" }],
  events: [
    { type: "follow" },
    { type: "published.exit", exitCode: 3 },
    { type: "published.close" },
    { type: "lost", error: new Error("the session is over") },
  ],
});

it("reaches every state, takes every transition, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("is unread, followed or ended, and nothing else", () => {
  for (const { tags, key, isDone } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("reads once, when it is looked at for the first time", () => {
  for (const { from, event, effects, label } of everything.steps) {
    const isFirstLook = event.type === "follow" && from?.value === "Unread";
    expect(effects.filter(({ type }) => type === "read").length, label).toBe(isFirstLook ? 1 : 0);
  }
});

it("fails exactly once, and only while its end is not known", () => {
  for (const { from, to, event, effects, label } of everything.steps) {
    const isLost = event.type === "lost" && from?.isDone === false;
    expect(effects.map(({ type }) => type).includes("fail"), label).toBe(isLost);
    expect(to.value === "Lost" && from?.value !== "Lost", label).toBe(isLost);
  }
});

it("keeps the first exit code", () => {
  followPaths(everything, {
    start: false,
    see(hasExited, { event, from, to }) {
      if (to.value === "Exited" && to.context.exitCode !== 3) throw new Error("the exit code is lost");
      if (hasExited && from?.isDone === false && to.value === "Running") throw new Error("went back");
      return hasExited || event.type === "published.exit";
    },
  });
});
