import { expect, test } from "vitest";
import { diffJson } from "../../../src/inspector/page/history/diff-json.ts";
import { toCsv } from "../../../src/inspector/page/history/export-csv.ts";
import { toPerfetto } from "../../../src/inspector/page/history/export-perfetto.ts";
import { bytes, count, duration, figure, figureName, moment } from "../../../src/inspector/page/history/figures.ts";
import { History } from "../../../src/inspector/page/history/history.ts";
import { barsOf, lanesFor } from "../../../src/inspector/page/history/lanes.ts";
import { formatRecording, parseRecording, RecordingError } from "../../../src/inspector/page/history/recording.ts";
import { TimeScale } from "../../../src/inspector/page/history/time-scale.ts";
import { layoutTiles, neighbour, tileAt } from "../../../src/inspector/page/parts/tile-layout.ts";
import { formatRoute, parseRoute } from "../../../src/inspector/page/route.ts";
import { running, StagedHistory, stageDay } from "./staged-history.ts";

function historyOf(play: StagedHistory): History {
  const history = new History();
  const { header, records } = parseRecording(play.text);
  history.header = header;
  history.append(records);
  return history;
}

test("idle gaps are short on the axis, and every time has a place that leads back to it", () => {
  const scale = new TimeScale(0, 60_000, [
    { from: 2_000, to: 30_000 },
    { from: 31_000, to: 58_000 },
  ]);
  expect(scale.length).toBe(5_000 + 2 * 200);
  let last = -1;
  for (let t = 0; t <= 60_000; t += 250) {
    const place = scale.place(t);
    expect(place).toBeGreaterThan(last);
    expect(scale.time(place)).toBeCloseTo(t, 6);
    last = place;
  }
});

test("a gap that reaches beyond the axis counts only within it", () => {
  const scale = new TimeScale(10_000, 20_000, [{ from: 0, to: 12_000 }]);
  expect(scale.place(10_000)).toBe(0);
  expect(scale.time(scale.length)).toBeCloseTo(20_000, 6);
});

test("an address holds everything that is on the page", () => {
  const route = parseRoute(
    "#/actor/17?at=1234.5:3&filter=state:Running%20argv:~make%26co&view=table&group=state&sort=-age&picked=3,17&events=ignored&quiet=all",
  );
  expect(route).toEqual({
    page: "actor",
    actor: 17,
    machine: null,
    at: { t: 1234.5, nth: 3 },
    filter: "state:Running argv:~make&co",
    view: "table",
    group: "state",
    sort: "-age",
    picked: [3, 17],
    events: "ignored",
    quiet: true,
  });
  expect(parseRoute(formatRoute(route))).toEqual(route);
  expect(formatRoute(parseRoute(""))).toBe("#/");
  expect(formatRoute(parseRoute("#/machines/remote-process"))).toBe("#/machines/remote-process");
  expect(parseRoute("#/actor/x?at=soon&picked=1,-2,z&view=cards").page).toBe("fleet");
  expect(parseRoute("#/machines/%E0%A4%A").machine).toBe("%E0%A4%A");
});

test("a table for a spreadsheet quotes what would break it, or would be run by it", () => {
  const play = new StagedHistory();
  play.enter("process", "=cmd|'/c calc'!A0", running(), { facts: { argv: ["echo", 'a "b", c'], pid: 7 } });
  play.enter("process", "two\nlines", running(), { facts: { cwd: "/src" } });
  const history = historyOf(play);
  expect(toCsv(history.scene().actors, 250).split("\r\n")).toEqual([
    "actor,kind,name,state,inStateMs,owner,events,ignored,argv,cwd,pid",
    `1,process,'=cmd|'/c calc'!A0,Running,250,,0,0,"echo a ""b"", c",,7`,
    '2,process,"two\nlines",Running,250,,0,0,,/src,',
    "",
  ]);
});

test("a trace for Perfetto has a thread for each region, on which nothing overlaps", () => {
  const { traceEvents } = JSON.parse(toPerfetto(historyOf(stageDay()))) as {
    traceEvents: { ph: string; pid: number; tid: number; ts: number; dur: number; name: string }[];
  };
  const threads = Map.groupBy(
    traceEvents.filter(({ ph }) => ph === "X"),
    ({ pid, tid }) => `${pid} ${tid}`,
  );
  expect(threads.size).toBeGreaterThan(80);
  for (const bars of threads.values()) {
    bars.sort((a, b) => a.ts - b.ts);
    bars.forEach(({ ts }, index) => {
      const before = bars[index - 1];
      if (before !== undefined) expect(ts).toBeGreaterThanOrEqual(before.ts + before.dur - 1e-6);
    });
  }
  const limited = traceEvents.filter(({ ph, pid, name }) => ph === "X" && pid === 9 && /Stopping|Limited/.test(name));
  expect(limited.map(({ name }) => name)).toEqual(["Ours.Limited", "Ours.Stopping"]);
});

test("a recording that is read and written again is the same; output has no place but its time", () => {
  const day = stageDay();
  const written = parseRecording(formatRecording(historyOf(day)));
  const read = parseRecording(day.text);
  const inOrder = ({ records }: typeof read) => records.filter(({ kind }) => kind !== "output");
  const byActor = ({ records }: typeof read) =>
    Map.groupBy(
      records.filter(({ kind }) => kind === "output"),
      (record) => "actor" in record && record.actor,
    );
  expect(written.header).toEqual(read.header);
  expect(inOrder(written)).toEqual(inOrder(read));
  expect(byActor(written)).toEqual(byActor(read));
});

test("what is left of a history that was cut is a recording of its own", () => {
  const play = stageDay();
  const history = new History({ records: 80 });
  const { header, records } = parseRecording(play.text);
  history.header = header;
  history.append(records);
  expect(history.isCut).toBe(true);
  const again = new History();
  again.append(parseRecording(formatRecording(history)).records);
  const states = (from: History, t: number) =>
    from.scene(from.positionAt(t)).actors.map(({ name, value, facts }) => ({ name, value, facts }));
  for (let t = history.firstT; t < history.lastT; t += 500) expect(states(again, t)).toEqual(states(history, t));
});

test("a file that is no recording is refused with the line that is wrong; a last line that was cut off is left out", () => {
  const { text } = stageDay();
  const trouble = (broken: string) => {
    try {
      parseRecording(broken);
      return null;
    } catch (error) {
      return error instanceof RecordingError ? error.line : error;
    }
  };
  expect(trouble("")).toBe(1);
  expect(trouble("PNG\n")).toBe(1);
  expect(trouble(text.replace('"v":1', '"v":2'))).toBe(1);
  expect(trouble(text.split("\n").toSpliced(3, 1, '{"kind":').join("\n"))).toBe(4);
  expect(trouble(text.split("\n").toSpliced(3, 1, '{"kind":"gone"}').join("\n"))).toBe(4);
  const whole = parseRecording(text);
  const cut = parseRecording(text.slice(0, -20));
  expect(cut.isCutOff).toBe(true);
  expect(cut.records).toEqual(whole.records.slice(0, -1));
  expect(parseRecording(`${text}{"kind":"unheard of","t":1}\n`).records).toEqual(whole.records);
});

test("connections that were never there together share a lane, so that the time between them shows", () => {
  const history = historyOf(stageDay());
  const lanes = lanesFor(history, null, history.length, 6);
  expect(lanes.map(({ label }) => label)).toEqual([
    "connection c-1",
    "connections",
    "session 7f3a21bc",
    "session 91bc0e44",
    "session c04de881",
  ]);
  const shared = lanes[1] === undefined ? [] : barsOf(lanes[1]).filter(({ name }) => name === "Ready");
  expect(shared).toHaveLength(2);
  expect((shared[1]?.from ?? 0) - (shared[0]?.to ?? 0)).toBeGreaterThan(9_000);
});

test("changes of a context are found by their path", () => {
  expect(
    diffJson({ a: 1, b: { c: [1, 2], d: null }, e: "x" }, { a: 1, b: { c: [1, 3, 4], d: null }, f: true }),
  ).toEqual([
    { path: "b.c.1", before: 2, after: 3 },
    { path: "b.c.2", after: 4 },
    { path: "f", after: true },
    { path: "e", before: "x" },
  ]);
  expect(diffJson({ a: [] }, { a: {} })).toEqual([{ path: "a", before: [], after: {} }]);
  expect(diffJson(5, 5)).toEqual([]);
});

test("tiles stand in rows below the heading of their group, and arrows move among them", () => {
  const { actors } = historyOf(stageDay()).scene();
  const layout = layoutTiles(
    [
      { title: "a", actors: actors.slice(0, 5) },
      { title: "b", actors: actors.slice(5) },
    ],
    500,
  );
  expect(layout.perRow).toBe(3);
  const [first] = layout.tiles;
  if (first === undefined) throw new Error("there are tiles");
  expect(tileAt(layout, first.x + 1, first.y + 1)?.actor).toBe(actors[0]);
  expect(tileAt(layout, first.x + layout.tileWidth + 1, first.y + 1)).toBeUndefined();
  expect(neighbour(layout, 0, "ArrowDown")).toBe(3);
  expect(neighbour(layout, 4, "ArrowDown")).toBe(6);
  expect(neighbour(layout, 6, "ArrowUp")).toBe(4);
  expect(neighbour(layout, 0, "ArrowUp")).toBe(0);
  expect(neighbour(layout, 0, "End")).toBe(actors.length - 1);
});

test("figures are said as people say them", () => {
  expect([0.25, 340, 1_254, 12_345, 125_000, 11_220_000].map(duration)).toEqual([
    "0.25 ms",
    "340 ms",
    "1.25 s",
    "12.3 s",
    "2 min 05 s",
    "3 h 07 min",
  ]);
  expect([0, 83_456.7, -1_500, 3_723_004].map(moment)).toEqual([
    "+00:00.000",
    "+01:23.456",
    "-00:01.500",
    "+1:02:03.004",
  ]);
  expect([0, 999, 1_500, 803_000, 64_200_000].map(bytes)).toEqual(["0 B", "999 B", "1.5 kB", "803 kB", "64.2 MB"]);
  expect(count(1_234_567)).toBe("1,234,567");
  expect([figure("outputBytesPerSecond", 1_500), figure("timeLimitMs", 1_500), figure("processes", 12)]).toEqual([
    "1.5 kB/s",
    "1.50 s",
    "12",
  ]);
  expect(["outputBytesPerSecond", "memoryBytes", "processes"].map(figureName)).toEqual([
    "output",
    "memory",
    "processes",
  ]);
});
