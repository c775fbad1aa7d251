import { expect, it } from "vitest";
import { httpBodyMachine } from "../../src/machines/http-body-machine.ts";
import { walk } from "./walk.ts";

const everything = walk(httpBodyMachine, {
  inputs: [{ requestId: "http-1" }],
  events: [
    { type: "head.received" },
    { type: "queue.filled" },
    { type: "queue.drained" },
    { type: "body.ended" },
    { type: "body.failed" },
    { type: "connection.lost" },
    { type: "cancel" },
  ],
});

it("reaches every state and takes every transition on some path, and has no dead end", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
  expect(everything.deadEnds).toEqual([]);
});

it("is open until it is over, whichever way it ends", () => {
  for (const { tags, isDone, key } of everything.configurations) expect(tags.includes("open"), key).toBe(!isDone);
});
