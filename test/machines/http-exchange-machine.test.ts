import { expect, it } from "vitest";
import { httpExchangeMachine } from "../../src/machines/http-exchange-machine.ts";
import { walk } from "./walk.ts";

const everything = walk(httpExchangeMachine, {
  inputs: [
    { requestId: "s", isStreamed: true, timeoutMs: 100 },
    { requestId: "b", isStreamed: false, timeoutMs: null },
    { requestId: "z", isStreamed: true, timeoutMs: 0 },
  ],
  events: [
    { type: "place.given" },
    { type: "head.received" },
    { type: "peer.full" },
    { type: "peer.drained" },
    { type: "body.ended" },
    { type: "exchange.failed" },
    { type: "cancel" },
    { type: "connection.ended" },
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
