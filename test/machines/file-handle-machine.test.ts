import { expect, it } from "vitest";
import { fileHandleMachine } from "../../src/machines/file-handle-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { walk } from "./walk.ts";

const everything = walk(fileHandleMachine, {
  inputs: [{ handleId: "h" }],
  events: [{ type: "close" }, { type: "connection.ended" }, { type: "read.failed" }],
});

it("reaches every state and takes every transition on some path, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("is open until it is over, whichever way it ends (04 F-44 to F-47)", () => {
  verifies("04 F-44", "04 F-45", "04 F-47");
  for (const { tags, isDone, key } of everything.configurations) expect(tags.includes("open"), key).toBe(!isDone);
});
