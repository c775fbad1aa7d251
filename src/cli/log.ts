import type { Logger } from "../ports/logger.ts";
import { UsageError } from "./parse-options.ts";
import { textLine } from "./text-line.ts";

const levels = ["debug", "info", "warn", "error"] as const;
const formats = ["json", "text"] as const;

/** The options of a command that can write a log. */
export const logOptions = { "log-level": { type: "string" }, "log-format": { type: "string" } } as const;

/** What stderr gets, if it gets anything: one line for each event, in full at the end of the program. */
export interface Log extends Logger, Disposable {}

/** So much waits for a stderr that nobody reads; what comes then is left out, and the executor goes on. */
const longestQueue = 1024 * 1024;

/**
 * The log that the command line asks for; `undefined` for none, and then pino is not even loaded, which takes as long as half a
 * start of node.
 * @throws UsageError for a level or a format that does not exist
 */
export async function openLog(options: {
  readonly "log-level"?: string | undefined;
  readonly "log-format"?: string | undefined;
}): Promise<Log | undefined> {
  const format = choice("--log-format", formats, options["log-format"] ?? "json");
  if (options["log-level"] === undefined) {
    if (options["log-format"] !== undefined) throw new UsageError("--log-format needs --log-level");
    return undefined;
  }
  const level = choice("--log-level", levels, options["log-level"]);
  const { pino } = await import("pino");
  const stderr = pino.destination({ dest: 2, sync: false, maxLength: longestQueue });
  const target = format === "json" ? stderr : { write: (line: string) => void stderr.write(textLine(line)) };
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  );
  return Object.assign(log, { [Symbol.dispose]: () => stderr.flushSync() });
}

function choice<Name extends string>(option: string, names: readonly Name[], given: string): Name {
  const found = names.find((name) => name === given);
  if (found === undefined) throw new UsageError(`${option} takes ${names.join(", ")}, not \`${given}\``);
  return found;
}
