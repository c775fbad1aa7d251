/** Measures our executor, the reference and the bare work side by side. See README.md. */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missing, type Regression, regressions } from "./check.ts";
import { type MeasureResult, measureResults, merged, resultsOf, storedResults, storeResults } from "./results.ts";
import type { Row, SubjectName } from "./row.ts";
import { rows } from "./rows/index.ts";
import { type RunOptions, runRow } from "./run-row.ts";
import { figure, renderTable, withTable } from "./table.ts";

const readmePath = join(import.meta.dirname, "README.md");
const everybody: readonly SubjectName[] = ["proctor", "codex", "canned", "bare"];

const { values: given } = parseArgs({
  options: {
    row: { type: "string", multiple: true },
    repetitions: { type: "string" },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    profile: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

function refuse(message: string): false {
  process.stderr.write(`bench: ${message}\n`);
  return false;
}

/** On a machine that does something else the figures are of that. */
function warnIfBusy(): void {
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 4) process.stderr.write(`bench: this machine is busy: load ${load.toFixed(1)}\n`);
}

/** Runs rows one after the other and says how long each took; gives the lines of the table and whether all went well. */
async function measured(
  chosen: readonly Row[],
  options: RunOptions,
): Promise<{ lines: MeasureResult[]; isWhole: boolean }> {
  const lines: MeasureResult[] = [];
  let isWhole = true;
  for (const row of chosen) {
    const outcome = await runRow(row, options);
    process.stderr.write(`${row.name}: ${outcome.seconds.toFixed(1)} s\n`);
    for (const { subject, error } of outcome.failures) {
      isWhole = false;
      process.stderr.write(`${row.name}: ${subject} failed: ${error.message}\n`);
    }
    lines.push(...measureResults(outcome));
  }
  return { lines, isWhole };
}

/** Those that are worse, and worse again when their row is measured once more: one bad moment of the machine is no regression. */
async function confirmed(found: readonly Regression[], stored: readonly MeasureResult[], options: RunOptions) {
  const suspects = rows.filter(({ name }) => found.some(({ row }) => row === name));
  const { lines } = await measured(suspects, options);
  return regressions(stored, lines).filter(({ name }) => found.some((before) => before.name === name));
}

async function check(chosen: readonly Row[], options: RunOptions): Promise<boolean> {
  const stored = await storedResults();
  if (stored === undefined) return refuse("there is no stored table to compare with: run with --save first");
  const { lines, isWhole } = await measured(chosen, options);
  const found = regressions(stored.measures, lines);
  const worse = found.length === 0 ? [] : await confirmed(found, stored.measures, options);
  const lost = missing(stored.measures, lines);
  console.log(renderTable(lines));
  for (const { name, was, is, worse: times } of worse) {
    console.log(`${name}: ${figure(is)} times the bare work, was ${figure(was)}: ${figure(times)} times worse`);
  }
  for (const name of lost) console.log(`${name}: not measured any more`);
  return isWhole && worse.length === 0 && lost.length === 0;
}

async function main(): Promise<boolean> {
  const unknown = given.row?.filter((name) => !rows.some((row) => row.name === name)) ?? [];
  if (unknown.length > 0) return refuse(`no row is named ${unknown.join(", ")}; --list prints them`);
  const chosen = rows.filter(({ name }) => given.row === undefined || given.row.includes(name));
  if (given.list) {
    for (const { name, about } of chosen) console.log(`${name.padEnd(16)} ${about}`);
    return true;
  }
  if (given.quick && (given.save || given.check)) return refuse("--quick measures nothing that could be compared");
  if (!given.quick) warnIfBusy();
  const options: RunOptions = {
    sizes: { scale: given.quick ? 0.02 : 1 },
    subjects: given.check ? ["proctor", "bare"] : everybody,
    repetitions: given.repetitions === undefined ? (given.quick ? 2 : undefined) : Number(given.repetitions),
    profiles: given.profile,
  };
  if (given.check) return check(chosen, options);
  const { lines, isWhole } = await measured(chosen, options);
  console.log(renderTable(lines));
  if (given.save && isWhole) {
    const results = merged(
      await storedResults(),
      resultsOf(lines),
      rows.map(({ name }) => name),
    );
    await storeResults(results);
    await writeFile(readmePath, withTable(await readFile(readmePath, "utf8"), results));
  }
  return isWhole;
}

// What was started ends with us (subjects/left-behind.ts), whoever ends us.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = (await main()) ? 0 : 1;
