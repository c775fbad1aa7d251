import { expect, test } from "vitest";
import { History } from "../../../src/inspector/page/history/history.ts";
import type { HistoryRecord } from "../../../src/inspector/records.ts";
import { running, StagedHistory, stageDay } from "./staged-history.ts";

/** A history of a play, taken in pieces of a size. */
function historyOf({ records }: StagedHistory, bounds = {}, piece = records.length): History {
  const history = new History(bounds);
  for (let from = 0; from < records.length; from += piece) history.append(records.slice(from, from + piece));
  return history;
}

/** The state of each actor once so many records have happened, found by playing all of them from the first. */
function playedTo(records: readonly HistoryRecord[], count: number): Map<number, string> {
  const values = new Map<number, string>();
  for (const record of records.filter(({ kind }) => kind !== "output").slice(0, count)) {
    if (record.kind === "actor") values.set(record.actor, JSON.stringify(record.value));
    if (record.kind === "event" && record.value !== undefined) values.set(record.actor, JSON.stringify(record.value));
    if (record.kind === "gone") values.delete(record.actor);
  }
  return values;
}

test("at every position it shows what playing all records up to there leads to", () => {
  const day = stageDay();
  const history = historyOf(day, {}, 7);
  const records = day.records;
  for (let position = history.length; position >= 1; position -= 1) {
    const shown = new Map(history.scene(position).actors.map(({ actor, value }) => [actor, JSON.stringify(value)]));
    expect(shown, `position ${position}`).toEqual(playedTo(records, position));
  }
});

test("a view that was drawn live is the same when one comes back to its moment", () => {
  const day = stageDay();
  const history = new History();
  const drawn: (readonly [position: number, text: string])[] = [];
  for (const record of day.records) {
    history.append([record]);
    drawn.push([history.length, JSON.stringify(history.scene().actors)]);
  }
  for (const [position, text] of drawn.toReversed()) expect(JSON.stringify(history.scene(position).actors)).toBe(text);
});

test("a time leads to the position behind everything of that very time, and a position to its time", () => {
  const play = new StagedHistory().wait(10);
  const process = play.enter("process", "p", { Starting: "Wanted" });
  play.wait(5).hear(process, "child.spawned", running()).hear(process, "interrupt").wait(5).hear(process, "interrupt");
  const history = historyOf(play);
  expect(history.positionAt(14.9)).toBe(2);
  expect(history.positionAt(15)).toBe(4);
  expect(history.positionAt(1_000)).toBe(5);
  expect(history.timeAt(3)).toBe(15);
  expect(history.positionAt(-5)).toBe(1);
});

test("steps go to the events of one actor, or of any, and end at the ends", () => {
  const play = new StagedHistory();
  const one = play.enter("process", "one", running());
  const two = play.enter("process", "two", running());
  play
    .wait(1)
    .hear(one, "interrupt")
    .count({ processes: 2 })
    .wait(1)
    .hear(two, "interrupt")
    .learn(one, { pid: 1 })
    .wait(1)
    .hear(one, "interrupt");
  const history = historyOf(play);
  const end = history.length;
  const back = history.step(end, -1, one) ?? 0;
  expect(history.timeAt(back)).toBe(1);
  expect(history.timeAt(history.step(end, -1, null) ?? 0)).toBe(2);
  expect(history.step(back, 1, one)).toBe(end);
  expect(history.step(end, 1, null)).toBeNull();
  expect(history.step(1, -1, null)).toBeNull();
});

test("facts of the moment of an event are no step of their own", () => {
  const play = new StagedHistory();
  const process = play.enter("process", "p", running());
  play.wait(1).hear(process, "interrupt").wait(1).hear(process, "terminate").learn(process, { exitCode: 1 });
  const history = historyOf(play);
  expect(history.timeAt(history.step(history.length, -1, process) ?? 0)).toBe(1);
});

test("it keeps to its bound, forgets the oldest, and how things stood there stays true", () => {
  const play = new StagedHistory();
  const session = play.enter("session", "s", { Attached: "Held" }, { facts: { attachedTo: "c-1" } });
  for (let index = 0; index < 600; index += 1) {
    const process = play.wait(10).enter("process", `p-${index}`, running(), { owner: session });
    play
      .wait(1)
      .hear(process, { type: "child.exited", exitCode: 0 }, running({ child: "Exited" }))
      .leave(process);
  }
  const whole = historyOf(play);
  const bounded = historyOf(play, { records: 400 }, 10);
  expect(bounded.records.length).toBeLessThanOrEqual(410);
  expect(bounded.isCut).toBe(true);
  expect(bounded.tracks.size).toBeLessThan(150);
  for (let position = bounded.firstPosition; position <= bounded.length; position += 7) {
    const states = (history: History) =>
      history.scene(position).actors.map(({ actor, value, facts }) => ({ actor, value, facts }));
    expect(states(bounded)).toEqual(states(whole));
  }
});

test("output is shown up to a moment, and the oldest goes when there is too much", () => {
  const play = new StagedHistory();
  const process = play.enter("process", "p", running());
  for (let index = 0; index < 100; index += 1) play.wait(1).print(process, "x".repeat(75));
  const history = historyOf(play, { outputLength: 5_000 }, 10);
  const outputs = history.tracks.get(process)?.outputs ?? [];
  expect(outputs.reduce((sum, { base64 }) => sum + base64.length, 0)).toBeLessThanOrEqual(5_000);
  expect(outputs.at(-1)?.t).toBe(100);
  expect(history.tracks.get(process)?.isOutputCut).toBe(true);
});

test("a keyframe that is not what the events before led to is a divergence, and one that ends a loss is not", () => {
  const honest = new StagedHistory();
  const process = honest.enter("process", "p", running());
  honest
    .wait(1)
    .hear(process, { type: "child.exited", exitCode: 0 }, running({ child: "Exited" }))
    .keyframe();
  expect(historyOf(honest).divergences).toEqual([]);

  const odd = new StagedHistory();
  const other = odd.enter("process", "p", running());
  odd.wait(1).keyframe();
  const [header, first, entering, keyframe] = odd.lines;
  const actors = keyframe?.kind === "keyframe" ? keyframe.actors.map((actor) => ({ ...actor, value: "Closed" })) : [];
  const twisted = { ...keyframe, actors } as HistoryRecord;
  const history = new History();
  history.append([first, entering, twisted] as HistoryRecord[]);
  expect(header?.kind).toBe("header");
  expect(history.divergences.map(({ actor }) => actor)).toEqual([other]);

  const lossy = new History();
  lossy.append([first, entering, { kind: "skipped", t: 1, transitions: 40 }, twisted] as HistoryRecord[]);
  expect(lossy.divergences).toEqual([]);
  expect(lossy.skips).toEqual([{ from: 1, to: 1, order: 2, transitions: 40 }]);
});

test("whoever is not in a keyframe is gone", () => {
  const play = new StagedHistory();
  const one = play.enter("process", "one", running());
  const two = play.enter("process", "two", running());
  play.wait(1).leave(one).keyframe();
  const records = play.records.filter(({ kind }) => kind !== "gone"); // that was lost
  const history = new History();
  history.append(records);
  expect(history.scene().actors.map(({ actor }) => actor)).toEqual([two]);
});

test("replay begins where the context was last known, with every event since", () => {
  const play = new StagedHistory();
  const process = play.enter("process", "p", { Starting: "Wanted" }, { context: { exitCode: null } });
  play.wait(1).hear(process, "child.spawned", running()).keyframe().wait(1).hear(process, "interrupt");
  const history = historyOf(play);
  const track = history.tracks.get(process);
  const replay = track?.replayFrom(history.length);
  expect(replay?.anchor).toMatchObject({ t: 1, context: { exitCode: null }, value: running() });
  expect(replay?.events.map(({ event }) => event.type)).toEqual(["interrupt"]);
  expect(track?.replayFrom(2)?.events).toEqual([]);
});

test("silence is a gap, though counters come meanwhile", () => {
  const play = new StagedHistory();
  const process = play.enter("process", "p", running());
  for (let second = 0; second < 12; second += 1) play.wait(1_000).count({ processes: 1 });
  play.hear(process, "interrupt").wait(1_000).hear(process, "interrupt");
  expect(historyOf(play).gaps).toEqual([{ from: 0, to: 12_000 }]);
});
