import type { InspectOptions, Inspector } from "../inspector/inspector.ts";
import { builtPage, hasPage, pageMissing } from "../inspector/page-files.ts";
import { UsageError } from "./parse-options.ts";

/** The options of a command that can be inspected; `--inspect` takes a port if one follows it. */
export const inspectOptions = {
  inspect: { type: "boolean" },
  "inspect-port": { type: "string" },
  "inspect-control": { type: "boolean" },
  record: { type: "string" },
} as const;

/** `--inspect 9229` and `--inspect=9229` as `parseArgs` understands them, which knows no options that may have a value. */
export function splitInspectPort(args: readonly string[]): string[] {
  return args.flatMap((argument, index) => {
    if (args[index - 1] === "--inspect" && /^\d+$/.test(argument)) return [`--inspect-port=${argument}`];
    const [, port] = /^--inspect=(.*)$/.exec(argument) ?? [];
    return port === undefined ? [argument] : ["--inspect", `--inspect-port=${port}`];
  });
}

/** What was asked for. @throws UsageError for a port that is none */
export function readInspect(values: {
  readonly inspect?: boolean;
  readonly "inspect-port"?: string;
  readonly "inspect-control"?: boolean;
  readonly record?: string;
}): InspectOptions | false {
  const { "inspect-port": portText = "0", "inspect-control": control = false, record } = values;
  const page = values.inspect === true || control;
  if (!page && record === undefined) return false;
  return { page, port: readPort(portText), control, record };
}

/** @throws UsageError for a text that is no port */
export function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`a port is a number from 0 to 65535, not \`${text}\``);
}

/** Says on stderr where the page is, and says it anew for one more browser whenever SIGUSR2 comes. */
export async function tellInspector(inspector: Pick<Inspector, "url" | "newUrl"> | null): Promise<void> {
  if (inspector === null || inspector.url === null) return;
  process.stderr.write(`proctor: inspector at ${inspector.url}\n`);
  if (!(await hasPage(builtPage))) process.stderr.write(`proctor: ${pageMissing}\n`);
  process.on("SIGUSR2", () => process.stderr.write(`proctor: inspector at ${inspector.newUrl()}\n`));
}
