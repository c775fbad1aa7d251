import type { Environment } from "../client/environments/environment.ts";
import type { Environments } from "../client/environments/environments.ts";
import { ProctorError } from "../protocol/errors.ts";
import { parseOptions } from "./parse-options.ts";
import { userEnvironments } from "./run-place.ts";
import { printable } from "./shared-output.ts";

const options = { environments: { type: "string" }, check: { type: "boolean" } } as const;

/** `proctor environments`: which there are, and with `--check` whether they can be used; 1 when one cannot. */
export async function environmentsCommand(args: readonly string[]): Promise<number> {
  const { values } = parseOptions({ args: [...args], options });
  try {
    await using environments = await userEnvironments(values.environments);
    const all = environments.ids.map((id) => environments.require(id));
    const verdicts = await Promise.all(all.map((one) => (values.check === true ? verdictOf(one) : null)));
    for (const [index, environment] of all.entries()) report(environment, environments, verdicts[index] ?? null);
    return verdicts.every((verdict) => verdict === null || verdict === usable) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ProctorError)) throw error;
    process.stderr.write(`proctor: ${error.message}\n`);
    return 1;
  }
}

const usable = "can be used";

/** Connects, and tells what came of it. */
async function verdictOf(environment: Environment): Promise<string> {
  try {
    await environment.ready();
    return usable;
  } catch (error) {
    if (!(error instanceof ProctorError)) throw error;
    return error.message;
  }
}

function report({ id, kind, location }: Environment, { ids, defaultId }: Environments, verdict: string | null): void {
  const width = Math.max(...ids.map((other) => other.length));
  const words = [
    id.padEnd(width),
    kind.padEnd("websocket".length),
    printable(location),
    ...(id === defaultId ? ["(default)"] : []),
    ...(verdict === null ? [] : [`- ${printable(verdict)}`]),
  ];
  process.stdout.write(`${words.join("  ")}\n`);
}
