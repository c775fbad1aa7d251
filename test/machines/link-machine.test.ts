import { expect, it } from "vitest";
import { linkMachine } from "../../src/machines/link-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const everything = walk(linkMachine, {
  events: [
    { type: "connection.ended", generation: 0, reason: "an earlier connection ended" },
    { type: "connection.ended", generation: 1, reason: "the connection ended" },
    { type: "connection.ended", generation: 2, reason: "a later connection ended" },
    { type: "close" },
  ],
  outcomes: {
    dial: { outputs: [undefined], errors: [new Error("refused"), "no error object"] },
    handshake: { outputs: ["session-1"], errors: [new Error("unknown session id")] },
  },
});
const wasOpen = (configuration: { isDone: boolean } | null) => configuration?.isDone === false;

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Failed or Closed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always exactly one of connecting, connected, ended", () => {
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("is not changed by the end of a connection of another generation (03 I-19, N-1)", () => {
  verifies("03 I-19", "03 N-1");
  let late = 0;
  for (const { from, to, event, label } of everything.steps) {
    if (event.type !== "connection.ended" || from === null) continue;
    if ((event as { generation?: number }).generation === from.context.generation) continue;
    late += 1;
    expect(to.key, label).toBe(from.key);
  }
  expect(late).toBeGreaterThan(0);
});

it("fails when the connection in use ends, with its reason (03 section 7.1)", () => {
  const lost = everything.steps.filter(
    ({ from, event }) =>
      from !== null &&
      event.type === "connection.ended" &&
      (event as { generation?: number }).generation === from.context.generation,
  );
  expect(new Set(lost.map(({ from }) => JSON.stringify(from?.value))).size).toBe(3);
  for (const { to } of lost) {
    expect(to.value).toBe("Failed");
    expect(to.context.reason).toBe("the connection ended");
  }
});

it("counts a generation for each attempt to dial, and never down (03 I-19)", () => {
  verifies("03 I-19");
  for (const { from, to, label } of everything.steps) {
    expect(to.context.generation, label).toBe(from === null ? 1 : from.context.generation);
  }
});

it("knows its session exactly once the handshake has succeeded", () => {
  for (const { tags, context, key } of everything.configurations) {
    if (tags.includes("connected")) expect(context.sessionId, key).toBe("session-1");
    if (tags.includes("connecting")) expect(context.sessionId, key).toBeNull();
  }
});

it("has a reason exactly when it has ended, and keeps it (03 I-24)", () => {
  verifies("03 I-24");
  for (const { context, isDone, key } of everything.configurations) {
    expect(context.reason !== null, key).toBe(isDone);
    expect(context.reason, key).not.toBe("");
  }
});

it("fails with the words of whatever refused it, also when that was no Error", () => {
  const reasons = everything.steps.filter(({ label }) => label.endsWith(" failed")).map(({ to }) => to.context.reason);
  expect(reasons).toEqual(["refused", "no error object", "unknown session id"]);
});

it("gives every attempt a bound: dialing and the handshake both run out (03 CONNECT_TIMEOUT, INITIALIZE_TIMEOUT)", () => {
  for (const configuration of everything.configurations.filter(({ tags }) => tags.includes("connecting"))) {
    const timeouts = everything.steps.filter(({ from, label }) => from === configuration && label.startsWith("after "));
    expect(timeouts.map(({ to }) => to.value)).toEqual(["Failed"]);
  }
});

it("closes from every open configuration when its user says so, and never reports that as a failure", () => {
  for (const { from, to, event, label } of everything.steps) {
    if (event.type === "close" && wasOpen(from)) expect(to.value, label).toBe("Closed");
    if (event.type !== "close") expect(to.value, label).not.toBe("Closed");
  }
});

it("is connected at most once, and never connects after its end", () => {
  followPaths(everything, {
    start: "" as "" | "connected" | "ended",
    see(progress, { to }) {
      const [tag] = to.tags;
      if (tag === "connecting" && progress !== "") throw new Error("went back to connecting");
      if (tag === "connected" && progress === "ended") throw new Error("connected after the end");
      return tag === "connecting" ? "" : (tag as "connected" | "ended");
    },
  });
});
