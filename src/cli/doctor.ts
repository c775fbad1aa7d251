import { systemClock } from "../ports/clock.ts";
import type { Check } from "./checks.ts";
import { parseOptions } from "./parse-options.ts";

/** The oldest Node that Proctor runs on. */
const oldestNode = 24;

/** A check that takes longer does not work. */
const patienceMs = 10_000;

/** `proctor doctor`: tries everything and tells what it saw; 1 when something essential does not work. */
export async function doctorCommand(args: readonly string[]): Promise<number> {
  parseOptions({ args: [...args], options: {} });
  // An older Node, or an incomplete installation, cannot even load the rest.
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    reportFault("problem", "node", `this is ${process.version}`, `install Node.js ${oldestNode} or newer`);
    return 1;
  }
  report("ok", "node", `${process.version} on ${process.platform} ${process.arch}`);
  let checks: readonly Check[];
  try {
    ({ checks } = await import("./checks.ts"));
  } catch (error) {
    reportFault("problem", "installation", textOf(error), "install the package again, with its optional dependencies");
    return 1;
  }
  let exitCode = 0;
  for (const check of checks) if (!(await passes(check)) && check.essential) exitCode = 1;
  return exitCode;
}

async function passes(check: Check): Promise<boolean> {
  const { name, remedy } = check;
  try {
    report("ok", name, await inTime(check));
    return true;
  } catch (error) {
    reportFault(check.essential ? "problem" : "note", name, textOf(error), remedy);
    return false;
  }
}

async function inTime(check: Check): Promise<string> {
  const late = Promise.withResolvers<never>();
  const tooLong = new AbortController();
  const timer = systemClock.setTimeout(() => {
    late.reject(new Error(`nothing happened for ${patienceMs / 1000} s`));
    tooLong.abort();
  }, patienceMs);
  try {
    return await Promise.race([check.run(tooLong.signal), late.promise]);
  } finally {
    systemClock.clearTimeout(timer);
  }
}

function reportFault(verdict: "problem" | "note", name: string, text: string, remedy: string): void {
  report(verdict, name, text);
  report("", "", remedy);
}

function report(verdict: string, name: string, text: string): void {
  process.stdout.write(`${verdict.padEnd(8)} ${name.padEnd(17)} ${text}\n`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
