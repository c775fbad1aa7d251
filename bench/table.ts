import type { MeasureResult, Results } from "./results.ts";
import type { Goal, Measure } from "./row.ts";
import type { Summary } from "./stats.ts";

const absent = "–";
const head = [
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
] as const;

/** What the work without a server shows, in terms of the reference: a goal beyond it is beyond the machine. */
function limit({ subjects: { bare, codex } }: MeasureResult): number | undefined {
  return bare === undefined || codex === undefined ? undefined : bare.median / codex.median;
}

/** Three digits that count. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return absent;
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toPrecision(3)).toLocaleString("en", {
    minimumFractionDigits: Math.min(digits, 3),
    maximumFractionDigits: digits,
  });
}

const range = (summary: Summary | undefined) =>
  summary === undefined ? absent : `${figure(summary.min)}..${figure(summary.max)}`;

/** The bound that a goal sets; undefined where what it compares with has not been measured. */
function bound(goal: Goal, { subjects }: MeasureResult): number | undefined {
  if ("value" in goal) return goal.value;
  const other = subjects[goal.of]?.median;
  return other === undefined ? undefined : goal.times * other;
}

/** Whether a measure keeps its goal; undefined where that cannot be told. */
export function isMet(result: MeasureResult): boolean | undefined {
  const ours = result.subjects.proctor?.median;
  const limit = result.goal === undefined ? undefined : bound(result.goal, result);
  if (ours === undefined || limit === undefined) return undefined;
  return result.better === "lower" ? ours <= limit : ours >= limit;
}

function goalText({ goal, better }: Measure): string {
  if (goal === undefined) return "";
  const sign = better === "lower" ? "≤" : "≥";
  if ("value" in goal) return `${sign} ${goal.value.toLocaleString("en")}`;
  return `${sign} ${goal.times} × ${goal.of === "codex" ? "reference" : "bare"}`;
}

function line(result: MeasureResult): string[] {
  const { name, unit, subjects, ratios } = result;
  const met = isMet(result);
  return [
    name,
    unit,
    figure(subjects.proctor?.median),
    range(subjects.proctor),
    figure(subjects.codex?.median),
    figure(subjects.bare?.median),
    figure(ratios.codex),
    figure(ratios.bare),
    figure(limit(result)),
    goalText(result),
    met === undefined ? "" : met ? "yes" : "no",
    figure(subjects.canned?.median),
  ];
}

/** The table, as Markdown whose columns also stand below each other. */
export function renderTable(measures: readonly MeasureResult[]): string {
  const lines = [[...head], ...measures.map(line)];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const isText = (column: number) => column < 2 || column === 9 || column === 10;
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, n) => (isText(n) ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, n) => (isText(n) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [titles = [], ...rest] = lines;
  return [row(titles), rule, ...rest.map(row)].join("\n");
}

const section = { begin: "<!-- table -->", end: "<!-- end of table -->" };

/** The page with this table between its markers. */
export function withTable(page: string, results: Results): string {
  const [begin, end] = [page.indexOf(section.begin), page.indexOf(section.end)];
  if (begin < 0 || end < begin) throw new Error(`the page has no ${section.begin} ... ${section.end}`);
  const { date, machine, node, reference, measures } = results;
  const caption = `${date}, ${machine}, Node ${node}, reference ${reference}.`;
  return `${page.slice(0, begin)}${section.begin}\n${caption}\n\n${renderTable(measures)}\n${page.slice(end)}`;
}
