import { parseArgs } from "node:util";
import { type Sandbox, sandboxNames } from "../client/sandbox.ts";
import type { InspectOptions } from "../inspector/inspector.ts";
import { longestTimerMs } from "../ports/clock.ts";
import { inspectOptions, readInspect } from "./inspect-options.ts";
import { parseOptions, UsageError } from "./parse-options.ts";

/** What `proctor run` was asked to do. */
export interface RunRequest {
  readonly argv: readonly [program: string, ...args: string[]];
  /** The executor to run on; excludes the two below. */
  readonly url: string | undefined;
  /** The id of the environment to run in. Default: the default one. */
  readonly environment: string | undefined;
  /** The file that says which environments there are. Default: the user's. */
  readonly environments: string | undefined;
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly tty: boolean;
  /** Forward the local input; always with a terminal. */
  readonly stdin: boolean;
  /** When the command is ended, in milliseconds after its start. */
  readonly timeLimitMs: number | undefined;
  /** What the command is confined to. */
  readonly sandbox: Sandbox | undefined;
  /** Say at the end what the command used. */
  readonly usage: boolean;
  /** Send traces and metrics. */
  readonly otel: boolean;
  /** Say how others can watch. */
  readonly observable: boolean;
  /** What to show and record of it. */
  readonly inspect: InspectOptions | false;
}

const options = {
  url: { type: "string" },
  environments: { type: "string" },
  cwd: { type: "string" },
  env: { type: "string", multiple: true },
  tty: { type: "boolean" },
  stdin: { type: "boolean" },
  "time-limit": { type: "string" },
  sandbox: { type: "string" },
  usage: { type: "boolean" },
  otel: { type: "boolean" },
  observable: { type: "boolean" },
  inspect: inspectOptions.inspect,
  record: inspectOptions.record,
} as const;

/** Reads the arguments of `proctor run`; the options end where the command begins. */
export function readRunRequest(args: readonly string[]): RunRequest {
  const { own, command } = splitAtCommand([...args]);
  const { values } = parseOptions({ args: own, options });
  const [program, ...rest] = command;
  if (program === undefined) throw new UsageError("no command to run");
  const { url, cwd, tty = false, stdin = false, usage = false, otel = false, observable = false } = values;
  const { environment, variables } = splitEnv(values.env ?? []);
  const { environments } = values;
  if (url !== undefined && environment !== undefined) throw new UsageError("--url and --env ID name two places to run");
  if (url !== undefined && environments !== undefined) throw new UsageError("--environments says nothing about --url");
  if (observable && url === undefined && environment === undefined)
    throw new UsageError("--observable needs --url or --env ID: nobody else reaches this machine");
  return {
    argv: [program, ...rest],
    url,
    environment,
    environments,
    cwd,
    env: variables,
    tty,
    stdin: stdin || tty,
    timeLimitMs: readTimeLimit(values["time-limit"]),
    sandbox: readSandbox(values.sandbox),
    usage,
    otel,
    observable,
    inspect: readInspect(values),
  };
}

/** The command begins with the first argument that is neither an option nor the value of one, or after `--`. */
function splitAtCommand(args: string[]): { own: string[]; command: string[] } {
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  for (const { kind, index } of tokens) {
    if (kind === "positional") return { own: args.slice(0, index), command: args.slice(index) };
    if (kind === "option-terminator") return { own: args.slice(0, index), command: args.slice(index + 1) };
  }
  return { own: args, command: [] };
}

function readTimeLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limitMs = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1_000) : 0;
  if (limitMs >= 1 && limitMs <= longestTimerMs) return limitMs;
  throw new UsageError(`--time-limit takes seconds from 0.001 to ${longestTimerMs / 1_000}, not \`${text}\``);
}

/** With a `=` it is a variable, without one the id of an environment, which cannot have any. */
function splitEnv(texts: readonly string[]) {
  const [environment, ...others] = texts.filter((text) => !text.includes("="));
  if (others.length > 0) throw new UsageError(`--env names two environments, \`${environment}\` and \`${others[0]}\``);
  const variables = Object.fromEntries(texts.filter((text) => text.includes("=")).map(readVariable));
  return { environment, variables };
}

function readSandbox(text: string | undefined): Sandbox | undefined {
  const named = sandboxNames.find((name) => name === text);
  if (named !== undefined || text === undefined) return named;
  throw new UsageError(`--sandbox takes ${sandboxNames.join(" or ")}, not \`${text}\``);
}

function readVariable(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--env takes NAME=VALUE, or the id of an environment, not \`${text}\``);
  return [text.slice(0, at), text.slice(at + 1)];
}
