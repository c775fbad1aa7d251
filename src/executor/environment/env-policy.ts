import type { EnvPolicy } from "../../protocol/process.ts";
import { matchesPattern } from "./name-pattern.ts";

/** What a request says about the environment of its child. */
export interface EnvironmentParams {
  readonly env: Readonly<Record<string, string>>;
  readonly envPolicy: EnvPolicy | null;
}

/** The executor's own variables, as `process.env` has them. */
export type ServerEnvironment = Readonly<Record<string, string | undefined>>;

const defaultExcludes = ["*KEY*", "*SECRET*", "*TOKEN*"];

const coreNames = "PATH SHELL TMPDIR TEMP TMP HOME LANG LC_ALL LC_CTYPE LOGNAME USER".split(" ");

const windowsCoreNames = [
  ..."PATH PATHEXT SHELL COMSPEC SYSTEMROOT SYSTEMDRIVE USERNAME USERDOMAIN USERPROFILE HOMEDRIVE HOMEPATH".split(" "),
  ..."PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 PROGRAMDATA LOCALAPPDATA APPDATA".split(" "),
  ..."TEMP TMP TMPDIR POWERSHELL PWSH".split(" "),
];

/**
 * The whole environment of a child. Without a policy it is exactly `env` (02 P-16). With one, a base is taken from the
 * executor's environment, filtered and extended in the order of 02 P-17, and `env` is laid over it, subject to nothing.
 */
export function childEnvironment(
  params: EnvironmentParams,
  serverEnv: ServerEnvironment,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const { env, envPolicy: policy } = params;
  if (policy === null) return { ...env };

  const base = inherited(policy, serverEnv, platform);
  if (!policy.ignoreDefaultExcludes) dropMatching(base, defaultExcludes);
  dropMatching(base, policy.exclude);
  for (const [name, value] of Object.entries(policy.set)) base.set(name, value);
  if (policy.includeOnly.length > 0) keepMatching(base, policy.includeOnly);
  if (platform === "win32" && !hasName(base, "PATHEXT")) base.set("PATHEXT", ".COM;.EXE;.BAT;.CMD");
  for (const [name, value] of Object.entries(env)) base.set(name, value);
  // Not assigned one by one: a variable may be called `__proto__`.
  return Object.fromEntries(base);
}

function inherited(policy: EnvPolicy, serverEnv: ServerEnvironment, platform: NodeJS.Platform): Map<string, string> {
  const base = new Map<string, string>();
  if (policy.inherit === "none") return base;
  const core = platform === "win32" ? windowsCoreNames : coreNames;
  for (const [name, value] of Object.entries(serverEnv)) {
    if (value === undefined || isDamaged(name) || isDamaged(value)) continue;
    if (policy.inherit === "all" || core.includes(asciiUpper(name))) base.set(name, value);
  }
  return base;
}

/** Node has put U+FFFD where bytes were no UTF-8: the variable is not what it was, so it is left out (02 S-11). */
function isDamaged(text: string): boolean {
  return text.includes("\uFFFD");
}

function dropMatching(base: Map<string, string>, patterns: readonly string[]): void {
  for (const name of [...base.keys()]) if (matchesAny(name, patterns)) base.delete(name);
}

function keepMatching(base: Map<string, string>, patterns: readonly string[]): void {
  for (const name of [...base.keys()]) if (!matchesAny(name, patterns)) base.delete(name);
}

function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matchesPattern(name, pattern));
}

function hasName(base: ReadonlyMap<string, string>, wanted: string): boolean {
  return [...base.keys()].some((name) => asciiUpper(name) === wanted);
}

function asciiUpper(name: string): string {
  return name.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
