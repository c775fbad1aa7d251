import { homedir } from "node:os";
import { join } from "node:path";
import { EnvironmentConfigError, issue } from "./config-error.ts";
import { fileName, hasEnvironmentsFile, readEnvironmentsFile } from "./environments-file.ts";
import type { EnvironmentProvider, EnvironmentSnapshot } from "./snapshot.ts";

/** Variables by name, such as `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The variable that names one executor, or none. */
export const urlVariable = "CODEX_EXEC_SERVER_URL";

const rendezvousVariables = [
  "CODEX_EXEC_SERVER_NOISE_REGISTRY_URL",
  "CODEX_EXEC_SERVER_NOISE_ENVIRONMENT_ID",
  "CODEX_EXEC_SERVER_NOISE_AUTH_TOKEN",
] as const;

/** The id of the environment that a variable names. */
const variableId = "remote";

/** Where Proctor looks for its files: `PROCTOR_HOME`, else `.proctor` in the user's home. */
export function proctorHome(variables: Variables = process.env): string {
  return set(variables, "PROCTOR_HOME") ?? join(homedir(), ".proctor");
}

/** The environments of a file; it must be there. */
export function environmentsFromFile(file: string): EnvironmentProvider {
  return (signal) => readEnvironmentsFile(file, signal);
}

/** The environments of variables alone: one at `CODEX_EXEC_SERVER_URL`, none at all where that is `none`, else this machine (07 E-7). */
export function environmentsFromVariables(variables: Variables = process.env): EnvironmentProvider {
  return async () => {
    refuseRendezvous(variables);
    return ofUrl(variables);
  };
}

/**
 * The environments of a user: those of `environments.toml` in the home folder where it is there, even empty; else those of variables
 * (07 section 3).
 */
export function environmentsFromHome(home?: string, variables: Variables = process.env): EnvironmentProvider {
  return async (signal) => {
    refuseRendezvous(variables);
    const file = join(home ?? proctorHome(variables), fileName);
    return (await hasEnvironmentsFile(file)) ? readEnvironmentsFile(file, signal) : ofUrl(variables);
  };
}

/** Not looked at any further: what is wrong with the URL shows with its first connection (07 E-8). */
function ofUrl(variables: Variables): EnvironmentSnapshot {
  const url = set(variables, urlVariable);
  if (url === undefined) return { environments: [] };
  if (url.toLowerCase() === "none") return { environments: [], includeLocal: false };
  return { environments: [{ id: variableId, url }], default: variableId, includeLocal: false };
}

/**
 * Whoever sets these variables wants an encrypted way through a registry, and must not get another one instead (07 E-35). There is none
 * here yet.
 */
function refuseRendezvous(variables: Variables): void {
  const given = rendezvousVariables.filter((name) => set(variables, name) !== undefined);
  if (given.length === 0) return;
  const [first, second, third] = rendezvousVariables;
  const text =
    given.length < rendezvousVariables.length
      ? `Noise environment requires ${first}, ${second}, and ${third}`
      : `rendezvous environments are not supported yet; unset ${first}, ${second} and ${third}`;
  const code = given.length < rendezvousVariables.length ? "missingKey" : "unsupported";
  throw new EnvironmentConfigError([issue(code, "", `environment registry configuration error: ${text}`)]);
}

/** A variable that is blank is not set. */
function set(variables: Variables, name: string): string | undefined {
  const text = variables[name]?.trim();
  return text === "" ? undefined : text;
}
