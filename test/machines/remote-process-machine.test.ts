import { expect, it } from "vitest";
import { remoteProcessMachine } from "../../src/machines/remote-process-machine.ts";
import { verifies } from "../rules/verifies.ts";
import { followPaths } from "./follow-paths.ts";
import { walk } from "./walk.ts";

const everything = walk(remoteProcessMachine, {
  inputs: [{ processId: "p" }],
  events: [
    { type: "start.answered" },
    { type: "start.refused" },
    { type: "published.exit", exitCode: 0 },
    { type: "published.exit", exitCode: 7 },
    { type: "published.close" },
    { type: "gap", reason: "events 3 to 5 are lost" },
    { type: "link.ended", reason: "the link was closed" },
  ],
});

it("reaches every state and takes every transition on some path", () => {
  expect(everything.unreachedStates).toEqual([]);
  expect(everything.untakenTransitions).toEqual([]);
});

it("has no dead end: from everywhere a way leads to Closed or Failed", () => {
  expect(everything.deadEnds).toEqual([]);
});

it("is always exactly one of starting, live, ended", () => {
  for (const { tags, isDone, key } of everything.configurations) {
    expect(tags, key).toHaveLength(1);
    expect(tags.includes("ended"), key).toBe(isDone);
  }
});

it("keeps its first exit: a second one changes nothing (03 I-2)", () => {
  verifies("03 I-2");
  for (const { from, to, label } of everything.steps) {
    if (from === null || from.context.exitCode === null) continue;
    expect(to.context.exitCode, label).toBe(from.context.exitCode);
  }
});

it("stays Starting until the start is answered or has failed: published events wait for it (01 W-43)", () => {
  verifies("01 W-43");
  for (const { from, to, event, label } of everything.steps) {
    if (from?.value !== "Starting" || !event.type.startsWith("published.")) continue;
    expect(to.key, label).toBe(from.key);
  }
});

it("follows exit, then close; a close without an exit leaves the code unknown (03 section 7.2)", () => {
  for (const { from, to, event, label } of everything.steps) {
    if (from?.tags.includes("live") !== true) continue;
    if (event.type === "published.close") {
      expect(to.value, label).toBe("Closed");
      expect(to.context.exitCode, label).toBe(from.context.exitCode);
    }
  }
});

it("fails with the reason when the link ends or events are lost, from every open configuration (03 CL-47, I-4)", () => {
  verifies("03 CL-47", "03 I-4");
  for (const { from, to, event, effects, label } of everything.steps) {
    if (event.type !== "gap" && event.type !== "link.ended") continue;
    if (from === null) continue;
    expect(to.value, label).toBe("Failed");
    expect(to.context.reason, label).toBe((event as { reason?: string }).reason);
    // Over a link that has ended nobody can be reached; after a gap the process must not run on unwatched.
    expect(
      effects.map(({ type }) => type),
      label,
    ).toEqual(event.type === "gap" ? ["terminate"] : []);
  }
});

it("only ever goes on: Starting, Running, Exited, and one of the ends (03 section 7.2)", () => {
  const order = ["Starting", "Running", "Exited", "Closed", "Failed"];
  for (const { from, to, label } of everything.steps) {
    if (from === null) expect(to.value, label).toBe("Starting");
    else expect(order.indexOf(String(to.value)), label).toBeGreaterThanOrEqual(order.indexOf(String(from.value)));
  }
});

it("does nothing after an end, whatever comes (03 I-2)", () => {
  verifies("03 I-2");
  followPaths(everything, {
    start: false,
    see(ended, { to }) {
      if (ended) throw new Error("a step after the end");
      return to.isDone;
    },
  });
});
