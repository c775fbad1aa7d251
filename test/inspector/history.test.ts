import { once } from "node:events";
import { expect, it } from "vitest";
import { type AnyActorRef, createActor, setup } from "xstate";
import type { WatchedEntity } from "../../src/actors/actor-watch.ts";
import { HistoryLog, historyLimits } from "../../src/inspector/history-log.ts";
import { HistoryReader } from "../../src/inspector/history-reader.ts";
import { Hub } from "../../src/inspector/hub.ts";
import { Observatory } from "../../src/inspector/observatory.ts";
import { RecordingLines } from "../../src/inspector/recording-lines.ts";
import type { HistoryRecord, RecordingLine } from "../../src/inspector/records.ts";
import { ScriptedExecutor } from "../executor/scripted-executor.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** A machine under the name of one of ours, with something to hear, to ignore, and to fail at. */
const machine = setup({
  types: {} as { events: { type: "go" | "back" | "end" | "fail" } },
  actions: {
    fail: () => {
      throw new Error("on purpose");
    },
  },
}).createMachine({
  id: "session",
  context: {},
  initial: "A",
  states: {
    A: { on: { go: "B", fail: { actions: "fail" } } },
    B: { on: { back: "A", end: "Over" } },
    Over: { type: "final" },
  },
});

/** Hands an actor to a hub as the owners of actors do. */
function start(
  hub: Hub,
  id = "session one",
  entity: WatchedEntity = { facts: () => ({}) },
  ownedBy: object | null = null,
) {
  const ref = createActor(machine, { id });
  ref.subscribe({ error: () => undefined });
  hub.created(ref, entity, ownedBy);
  ref.subscribe({ error: () => hub.ended(entity), complete: () => hub.ended(entity) });
  ref.start();
  return { ref, entity };
}

function recorded(observatory: Observatory) {
  const watching = observatory.watch({ pulse: () => undefined });
  const lines = new RecordingLines(() => observatory.header, watching.log, observatory.hub);
  return {
    log: watching.log,
    read: (): HistoryRecord[] =>
      [...lines.read()].map((line) => JSON.parse(line) as RecordingLine).filter((line) => line.kind !== "header"),
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

function open() {
  const clock = new VirtualClock();
  const hub = new Hub(clock);
  return { clock, hub, observatory: new Observatory(hub, { side: "simulation", title: "test" }) };
}

const eventsOf = (records: readonly HistoryRecord[]) =>
  records.flatMap((record) =>
    record.kind === "event" ? [[record.event.type, record.taken, record.value, record.status]] : [],
  );

it("observes nothing, times nothing and remembers nobody who has ended, while nobody watches", async () => {
  const { clock, hub, observatory } = open();
  using _ = observatory;
  const { ref } = start(hub);
  ref.send({ type: "go" });
  expect([hub.observed, hub.size, clock.pending]).toEqual([0, 1, 0]);
  ref.send({ type: "end" });
  expect([hub.observed, hub.size, clock.pending]).toEqual([0, 0, 0]);

  const world = new ScriptedExecutor({ watch: hub });
  await world.connect();
  expect(hub.size).toBe(2);
  expect(hub.observed).toBe(0);
  const viewer = observatory.watch({ pulse: () => undefined });
  expect(hub.observed).toBe(2);
  expect(clock.pending).toBe(1);
  viewer[Symbol.dispose]();
  clock.advance(9_000);
  expect(hub.observed).toBe(2); // whoever reloads the page finds it all
  clock.advance(2_000);
  expect([hub.observed, clock.pending, observatory.history]).toEqual([0, 0, 0]);
  await world.executor.close();
  expect(hub.size).toBe(0);
});

it("tells what was taken and what was ignored, the states only where they change, and how it ends", () => {
  const { clock, hub, observatory } = open();
  using _ = observatory;
  const before = start(hub, "session before");
  before.ref.send({ type: "go" });
  using history = recorded(observatory);
  const { ref } = start(hub);
  for (const type of ["back", "go", "go", "back", "go", "end"] as const) ref.send({ type });
  const records = history.read();
  expect(records[0]).toMatchObject({
    kind: "keyframe",
    actors: [{ name: "session before", value: "B", status: "active" }],
  });
  expect(records[1]).toMatchObject({
    kind: "actor",
    name: "session one",
    machine: "session",
    value: "A",
    status: "active",
  });
  expect(eventsOf(records)).toEqual([
    ["back", false, undefined, undefined],
    ["go", true, "B", undefined],
    ["go", false, undefined, undefined],
    ["back", true, "A", undefined],
    ["go", true, "B", undefined],
    ["end", true, "Over", "done"],
  ]);
  clock.advance(5_000);
  observatory.pulse();
  expect(history.read().filter(({ kind }) => kind === "gone")).toEqual([]);
  clock.advance(6_000);
  expect(history.read().filter(({ kind }) => kind === "gone")).toMatchObject([{ kind: "gone", actor: 2 }]);
  expect(history.log.present().size).toBe(1);
});

it("tells what led to an event as long as that is under way, and forgets what never came to an end", async () => {
  const { hub, observatory } = open();
  using _ = observatory;
  using history = recorded(observatory);
  const one = start(hub, "session one");
  const other = start(hub, "session other");
  // Whoever hears of the first one's transitions is told in the middle of it.
  one.ref.on("*", () => undefined);
  const relayed = one.ref.subscribe(({ value }) => {
    if (value === "B") other.ref.send({ type: "go" });
  });
  one.ref.send({ type: "go" });
  relayed.unsubscribe();
  const answered = hub.because(one.entity, "session/list", async () => {
    await Promise.resolve();
    other.ref.send({ type: "back" });
  });
  await answered;
  other.ref.send({ type: "go" });
  start(hub, "session third").ref.send({ type: "fail" }); // in the middle of its event
  other.ref.send({ type: "back" });
  await Promise.resolve();
  other.ref.send({ type: "go" });
  const told = history.read().filter((record) => record.kind === "event");
  expect(told.map(({ actor, event, because }) => [actor, event.type, because ?? null])).toEqual([
    [2, "go", { actor: 1, type: "go" }],
    [1, "go", null],
    [2, "back", { actor: 1, type: "session/list" }],
    [2, "go", null],
    [3, "machine.failed", null],
    [2, "back", null],
    [2, "go", null],
  ]);
});

it("tells of a machine that fails", () => {
  const { hub, observatory } = open();
  using _ = observatory;
  using history = recorded(observatory);
  const { ref } = start(hub);
  ref.send({ type: "fail" });
  expect(eventsOf(history.read())).toEqual([["machine.failed", false, undefined, "error"]]);
  expect(hub.size).toBe(0);
});

it("a fault of those who watch is told, and costs those who are watched nothing", async () => {
  const { clock, hub, observatory } = open();
  using _ = observatory;
  const { ref } = start(hub);
  const warned = once(process, "warning");
  observatory.watch({
    pulse: () => {
      throw new Error("a fault of ours");
    },
  });
  clock.advance(100);
  expect(hub.observed).toBe(0);
  ref.send({ type: "go" });
  expect(ref.getSnapshot()).toMatchObject({ value: "B", status: "active" });
  expect((await warned)[0].message).toMatch(
    /^the inspector has failed, and shows nothing any more: Error: a fault of ours/,
  );
});

it("tells whose an actor is, also of one whose owner came before anybody watched", () => {
  const { hub, observatory } = open();
  using _ = observatory;
  const { entity } = start(hub, "owner");
  using history = recorded(observatory);
  start(hub, "owned", { facts: () => ({}) }, entity);
  start(hub, "orphan", { facts: () => ({}) }, {});
  const owners = history.read().flatMap((record) => (record.kind === "actor" ? [[record.name, record.owner]] : []));
  expect(owners).toEqual([
    ["owned", 1],
    ["orphan", null],
  ]);
});

it("asks for facts only while somebody watches, and tells only those that have changed", () => {
  const { clock, hub, observatory } = open();
  using _ = observatory;
  let asked = 0;
  let seq = 0;
  const { ref } = start(hub, "session", {
    facts: () => {
      asked += 1;
      return { seq, path: "/x", env: "never", argv: ["a", "--token=b"] };
    },
  });
  ref.send({ type: "go" });
  clock.advance(10_000);
  expect(asked).toBe(0);
  using history = recorded(observatory);
  const factsOf = () => history.read().flatMap((record) => (record.kind === "facts" ? [record.facts] : []));
  clock.advance(100);
  expect(factsOf()).toEqual([{ seq: 0, path: "/x", env: "***", argv: ["a", "--token=***"] }]);
  seq = 1;
  ref.send({ type: "back" });
  clock.advance(100);
  expect(factsOf()).toEqual([{ seq: 1 }]);
  clock.advance(5_000);
  expect(factsOf()).toEqual([]);
  seq = 2; // nothing was heard of it; it is looked at all the same now and then
  clock.advance(1_100);
  expect(factsOf()).toEqual([{ seq: 2 }]);
});

it("remembers so much and no more, takes a keyframe now and then, and says what a slow reader has missed", () => {
  const { hub, observatory } = open();
  using _ = observatory;
  const { log } = observatory.watch({ pulse: () => undefined });
  const slow = new HistoryReader(log);
  const kinds = (reader: HistoryReader) => {
    const seen: string[] = [];
    for (let passage = reader.next(); passage !== null; passage = reader.next()) seen.push(passage.kind);
    return seen;
  };
  expect(kinds(slow)).toEqual(["keyframe"]);
  const { ref } = start(hub);
  const events = 3 * historyLimits.records;
  for (let sent = 0; sent < events; sent += 1) ref.send({ type: "back" });
  expect(log.next - log.first).toBe(historyLimits.records);
  expect(log.transitions).toBe(events);
  const first = slow.next();
  expect(first).toMatchObject({ kind: "skipped", transitions: events });
  expect(kinds(slow)).toEqual(["keyframe"]);

  // One that comes now begins in the past, at a keyframe, and reads the rest.
  const reader = new HistoryReader(log);
  let read = 0;
  let keyframes = 0;
  for (let passage = reader.next(); passage !== null; passage = reader.next()) {
    if (read === 0 && keyframes === 0) expect(passage.kind).toBe("keyframe");
    if (passage.kind === "records") read += passage.to - passage.from;
    if (passage.kind === "keyframe") keyframes += 1;
  }
  expect(read).toBeGreaterThan(historyLimits.records / 2 - historyLimits.keyframeEvery - 10);
  expect(keyframes).toBeGreaterThanOrEqual(5);
  for (let sent = 0; sent < 100; sent += 1) ref.send({ type: "go" });
  expect(kinds(reader)).toEqual(["records"]);
});

it("bounds what records hold beside their row", () => {
  const { hub, observatory } = open();
  using _ = observatory;
  const { log } = observatory.watch({ pulse: () => undefined });
  const { ref } = start(hub);
  const padded = { type: "back" as const, padding: "x".repeat(2_000) };
  for (let sent = 0; sent < 20_000; sent += 1) (ref as AnyActorRef).send(padded);
  let held = 0;
  for (let seq = log.first; seq < log.next; seq += 1) held += log.textOf(seq)?.length ?? 0;
  expect(held).toBeLessThanOrEqual(historyLimits.sideText);
  expect(held).toBeGreaterThan(historyLimits.sideText * 0.9);
  expect(() => log.textOf(log.first - 1)).not.toThrow();
  expect(log.textOf(log.first - 1)).toBeUndefined();
});

it("shows ten thousand actors in slices, as they stood at one moment", () => {
  const { hub, observatory } = open();
  using _ = observatory;
  const actors = Array.from({ length: 10_000 }, (_, index) => start(hub, `session ${index}`));
  const log = new HistoryLog(hub);
  using _log = log;
  const reader = new HistoryReader(log);
  const names = new Set<string>();
  let slices = 0;
  for (let passage = reader.next(); passage?.kind === "keyframe"; passage = reader.next()) {
    slices += 1;
    const states = JSON.parse(`[${passage.keyframe.slice(passage.slice)}]`);
    for (const { name, value } of states) {
      names.add(name);
      expect(value).toBe("A");
    }
    for (const { ref } of actors.slice(9_000)) ref.send({ type: "go" }); // meanwhile life goes on
    if (passage.isLast) break;
  }
  expect(slices).toBe(10);
  expect(names.size).toBe(10_000);
});
