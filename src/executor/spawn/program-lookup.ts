import { accessSync, constants, type Stats, statSync } from "node:fs";
import { type ChildSpec, SpawnError } from "../../ports/process-host.ts";
import { executableFormatError } from "./executable-format.ts";
import { type ErrnoName, errnoName, spawnRefused } from "./os-error.ts";

/** Where a bare name is looked for when the child's environment has no `PATH` at all (02 P-10). */
const defaultSearchPath = "/usr/local/bin:/bin:/usr/bin";

/**
 * Finds the program of `spec` by the rules of 02 P-10, the same in both modes (02 S-7), and makes sure that the kernel
 * can run it. We look ourselves because `execvp`, which Node and every launcher use, hands a file of unknown format to
 * `/bin/sh`, and because a launcher's own failure comes too late for the answer to the start.
 * @returns the path to execute: absolute or relative to `spec.cwd`, always with a slash; never normalised, since a script
 * sees it as its `$0`.
 * @throws SpawnError with the texts of 02 P-12.
 */
export function lookUpProgram(spec: ChildSpec): string {
  const name = spec.argv[0] ?? "";
  if (name === "") throw new SpawnError(`missing program for ${spec.stdin === "pty" ? "PTY" : "pipe"} spawn`);
  refuseNul(spec);
  refuseDirectory(spec.cwd);
  if (name.includes("/")) {
    const error = programError(name, spec.cwd);
    if (error !== null) throw spawnRefused(error);
    return name;
  }
  return searchPath(name, spec.env.PATH ?? defaultSearchPath, spec.cwd);
}

function refuseNul({ argv, arg0, cwd, env }: ChildSpec): void {
  const nul = (text: string) => text.includes("\0");
  const inEnvironment = Object.entries(env).some(([name, value]) => nul(name) || nul(value));
  if (argv.some(nul) || nul(arg0 ?? "") || nul(cwd) || inEnvironment) {
    throw new SpawnError("nul byte found in provided data");
  }
}

function refuseDirectory(cwd: string): void {
  try {
    if (!statSync(cwd).isDirectory()) throw spawnRefused("ENOTDIR");
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    const name = errnoName(error);
    throw name === null ? error : spawnRefused(name, error);
  }
}

function searchPath(name: string, searchPath: string, cwd: string): string {
  let denied = false;
  for (const element of searchPath.split(":")) {
    const candidate = `${element === "" ? "." : element}/${name}`;
    const error = programError(candidate, cwd);
    if (error === null) return candidate;
    if (error === "EACCES") denied = true;
    else if (error !== "ENOENT" && error !== "ENOTDIR") throw spawnRefused(error);
  }
  throw spawnRefused(denied ? "EACCES" : "ENOENT");
}

/** Why the kernel would refuse to execute `path`, counted from `cwd`; `null` if it would not. */
function programError(path: string, cwd: string, depth = 0): ErrnoName | null {
  const absolute = path.startsWith("/") ? path : `${cwd}/${path}`;
  const found = stat(absolute);
  if (typeof found === "string") return found;
  if (!found.isFile()) return "EACCES";
  try {
    accessSync(absolute, constants.X_OK);
  } catch {
    return "EACCES";
  }
  return executableFormatError(absolute, depth, (interpreter, next) => programError(interpreter, cwd, next));
}

/** Misses are common on a search path, so the usual one costs no exception. */
function stat(path: string): Stats | ErrnoName {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? (path.endsWith("/") ? "ENOENT" : missing(path));
  } catch (error) {
    return errnoName(error) ?? "ENOENT";
  }
}

/** Node does not tell `ENOTDIR` from `ENOENT`: a file where the last directory should be makes the difference. */
function missing(path: string): ErrnoName {
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  const parent = statSync(directory, { throwIfNoEntry: false });
  return parent === undefined || parent.isDirectory() ? "ENOENT" : "ENOTDIR";
}
