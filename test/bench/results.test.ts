import { expect, it } from "vitest";
import { missing, regressions } from "../../bench/check.ts";
import { type MeasureResult, measureResults, merged, type Results } from "../../bench/results.ts";
import type { Row } from "../../bench/row.ts";
import { rows } from "../../bench/rows/index.ts";
import { runRow } from "../../bench/run-row.ts";
import { median, quantile, summarize } from "../../bench/stats.ts";
import { figure, isMet, renderTable, withTable } from "../../bench/table.ts";

const sizes = { scale: 1 };

/** A result of the row `work` with these medians. */
function result(subjects: Record<string, number>, rest: Partial<MeasureResult> = {}): MeasureResult {
  const { proctor, ...others } = subjects;
  const ratios = proctor === undefined ? [] : Object.entries(others).map(([name, value]) => [name, proctor / value]);
  const summaries = Object.entries(subjects).map(([name, value]) => [name, { median: value, min: value, max: value }]);
  return {
    row: "work",
    name: "work",
    unit: "ms",
    better: "lower",
    subjects: Object.fromEntries(summaries),
    ratios: Object.fromEntries(ratios),
    ...rest,
  };
}

it("medians and percentiles are what they are called", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
  const hundred = Array.from({ length: 100 }, (_, n) => 99 - n);
  expect([quantile(hundred, 0.5), quantile(hundred, 0.99), quantile(hundred, 1)]).toEqual([50, 99, 99]);
  expect(summarize([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
});

it("a ratio is that of runs that followed each other", () => {
  const row: Row = {
    name: "work",
    about: "",
    measures: [{ name: "work", unit: "ms", better: "lower" }],
    executors: ["proctor"],
    executor: async () => ({}),
    bare: async () => ({}),
  };
  const runs = new Map([
    ["proctor" as const, [{ work: 10 }, { work: 60 }, { work: 20 }]],
    ["bare" as const, [{ work: 5 }, { work: 20 }, { work: 20 }]],
  ]);
  const [line] = measureResults({ row, runs, failures: [], seconds: 0 });
  expect(line?.ratios).toEqual({ bare: 2 }); // of 2, 3 and 1; that of the medians would be 1
  expect(line?.subjects.proctor).toEqual({ median: 20, min: 10, max: 60 });
});

it("the guard sees a ratio that is more than 15 % worse, in the direction of the measure, and nothing else", () => {
  const stored = [
    result({ proctor: 2, bare: 1 }),
    result({ proctor: 100, bare: 200 }, { name: "rate", better: "higher" }),
    result({ proctor: 1, bare: 1 }, { name: "tail", isUnguarded: true }),
  ];
  const slowMachine = [
    result({ proctor: 20, bare: 10 }),
    result({ proctor: 10, bare: 20 }, { name: "rate", better: "higher" }),
  ];
  expect(regressions(stored, slowMachine)).toEqual([]);
  expect(regressions(stored, [result({ proctor: 2.28, bare: 1 })])).toEqual([]);
  expect(regressions(stored, [result({ proctor: 2.32, bare: 1 })])).toMatchObject([{ name: "work", was: 2, is: 2.32 }]);
  expect(regressions(stored, [result({ proctor: 1, bare: 1 })])).toEqual([]); // better
  const rate = (proctor: number) => result({ proctor, bare: 200 }, { name: "rate", better: "higher" });
  expect(regressions(stored, [rate(88)])).toEqual([]);
  expect(regressions(stored, [rate(86)])).toMatchObject([{ name: "rate", was: 0.5 }]);
  expect(regressions(stored, [result({ proctor: 9, bare: 1 }, { name: "tail", isUnguarded: true })])).toEqual([]);
  expect(regressions(stored, [result({ proctor: 9, bare: 1 }, { name: "new" })])).toEqual([]);
});

it("the guard does not pass because nothing was measured", () => {
  const stored = [result({ proctor: 2, bare: 1 }), result({ proctor: 2 }, { name: "never had one" })];
  expect(missing(stored, [result({ bare: 1 }), result({}, { name: "never had one" })])).toEqual(["work"]);
  expect(missing(stored, [result({ proctor: 2, bare: 1 })])).toEqual([]);
});

it("numbers have three digits that count", () => {
  expect([0.0001234, 0.0123, 1.234, 12.34, 123.4, 12_345, 0, undefined, Number.NaN].map(figure)).toEqual([
    "0.000123",
    "0.0123",
    "1.23",
    "12.3",
    "123",
    "12,300",
    "0",
    "–",
    "–",
  ]);
});

it("a goal is a value or so many times what another showed", () => {
  expect(isMet(result({ proctor: 0.4 }, { goal: { value: 0.5 } }))).toBe(true);
  expect(isMet(result({ proctor: 0.6 }, { goal: { value: 0.5 } }))).toBe(false);
  const twice = { better: "higher", goal: { times: 2, of: "codex" } } as const;
  expect(isMet(result({ proctor: 20, codex: 10 }, twice))).toBe(true);
  expect(isMet(result({ proctor: 19, codex: 10 }, twice))).toBe(false);
  expect(isMet(result({ proctor: 19 }, twice))).toBeUndefined();
  expect(isMet(result({ proctor: 19 }))).toBeUndefined();
});

it("the table shows a line for each measure, and goes between its markers", () => {
  const measures = [
    result({ proctor: 2, codex: 4, bare: 1, canned: 0.1 }, { goal: { times: 1.5, of: "bare" } }),
    result({ bare: 1 }, { name: "not offered" }),
  ];
  const lines = renderTable(measures).split("\n");
  expect(
    lines.map((line) =>
      line
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1),
    ),
  ).toEqual([
    [
      "measure",
      "unit",
      "Proctor",
      "min..max",
      "reference",
      "bare",
      "÷ reference",
      "÷ bare",
      "bare ÷ reference",
      "goal",
      "met",
      "client's own limit",
    ],
    expect.arrayContaining([expect.stringMatching(/^-+:?$/)]),
    ["work", "ms", "2.00", "2.00..2.00", "4.00", "1.00", "0.500", "2.00", "0.250", "≤ 1.5 × bare", "no", "0.100"],
    ["not offered", "ms", "–", "–", "–", "1.00", "–", "–", "–", "", "", "–"],
  ]);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  const results: Results = { date: "2001-02-03", machine: "abacus", node: "v24", reference: "1.2.3", measures };
  const page = withTable("# Title\n<!-- table -->\nold\n<!-- end of table -->\nbehind\n", results);
  expect(page).toContain("2001-02-03, abacus, Node v24, reference 1.2.3.");
  expect(page).toContain("| not offered |");
  expect(page).not.toContain("old");
  expect(page).toMatch(/^# Title\n<!-- table -->\n[\s\S]*\n<!-- end of table -->\nbehind\n$/);
  expect(() => withTable("no markers", results)).toThrow("<!-- table -->");
});

it("a table of some rows takes the others from the stored one, in their order", () => {
  const table = (...measures: MeasureResult[]): Results => ({
    date: "",
    machine: "",
    node: "",
    reference: "",
    measures,
  });
  const [a, b, freshA] = [result({}, { row: "a" }), result({}, { row: "b" }), result({ proctor: 1 }, { row: "a" })];
  expect(merged(table(a, b), table(freshA), ["b", "a"]).measures).toEqual([b, freshA]);
  expect(merged(undefined, table(freshA), ["b", "a"]).measures).toEqual([freshA]);
});

it("every row has a name and measures of its own, and says what it does", () => {
  const names = rows.map(({ name }) => name);
  const measures = rows.flatMap((row) => row.measures.map(({ name }) => name));
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(measures).size).toBe(measures.length);
  for (const { about, measures, executors, repetitions = 5 } of rows) {
    expect(about).not.toBe("");
    expect(measures.length).toBeGreaterThan(0);
    expect(executors).toContain("proctor");
    expect(repetitions).toBeGreaterThanOrEqual(5);
  }
});

it("subjects take turns; one that fails is out, and the others go on", async () => {
  const turns: string[] = [];
  const row: Row = {
    name: "work",
    about: "",
    measures: [{ name: "work", unit: "ms", better: "lower" }],
    executors: ["canned"],
    async executor({ name }) {
      turns.push(name);
      if (turns.length > 2) throw new Error("out of order");
      return { work: 1 };
    },
    async bare() {
      turns.push("bare");
      return { work: turns.length };
    },
  };
  const outcome = await runRow(row, { sizes, subjects: ["canned", "bare"], repetitions: 2 });
  expect(turns).toEqual(["canned", "bare", "canned", "bare", "bare"]);
  expect(outcome.runs.get("bare")).toEqual([{ work: 4 }, { work: 5 }]); // the first does not count
  expect(outcome.failures).toMatchObject([{ subject: "canned", error: { message: "out of order" } }]);
});
