import { readFile, stat } from "node:fs/promises";
import { type ConfigIssue, EnvironmentConfigError, issue } from "./config-error.ts";
import { fileIssues, snapshotOf } from "./file-rules.ts";
import { type FileContent, readShape } from "./file-shape.ts";
import type { EnvironmentSnapshot } from "./snapshot.ts";
import { readToml, TomlSyntaxError } from "./toml-document.ts";

/** The name of the file in the home folder of the program (07 section 3). */
export const fileName = "environments.toml";

/**
 * Reads `environments.toml` (07 section 4).
 * @throws EnvironmentConfigError with everything that is wrong in it: first what cannot be read as such a file, then, where nothing of
 *   that kind is wrong, the rules that it breaks
 */
export async function readEnvironmentsFile(file: string, signal?: AbortSignal): Promise<EnvironmentSnapshot> {
  const content = await parsed(await textOf(file, signal), file);
  const issues = fileIssues(content);
  if (issues.length > 0) throw new EnvironmentConfigError(issues, file);
  return snapshotOf(content, file);
}

/** Is there such a file? @throws EnvironmentConfigError when that cannot be told */
export async function hasEnvironmentsFile(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw unreadable(`failed to inspect environment config \`${file}\``, file, error);
  }
}

async function textOf(file: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const bytes = await readFile(file, { signal });
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(`failed to read environment config \`${file}\``, file, error);
  }
}

async function parsed(text: string, file: string): Promise<FileContent> {
  try {
    const { content, issues } = readShape(await readToml(text));
    if (issues.length > 0) throw new EnvironmentConfigError(issues.toSorted(byPlace).map(inFile(file)), file);
    return content;
  } catch (error) {
    if (!(error instanceof TomlSyntaxError)) throw error;
    const found: ConfigIssue = { code: "syntax", path: "", message: error.message, ...error.at };
    throw new EnvironmentConfigError([inFile(file)(found)], file);
  }
}

/** In the words of the reference, but for the line of the file that it quotes: that may hold secrets. */
function inFile(file: string): (found: ConfigIssue) => ConfigIssue {
  return (found) => ({
    ...found,
    message: `failed to parse environment config \`${file}\`: TOML parse error at line ${found.line}, column ${found.column}: ${found.message}`,
  });
}

function byPlace(a: ConfigIssue, b: ConfigIssue): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function unreadable(what: string, file: string, cause: unknown): EnvironmentConfigError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EnvironmentConfigError([issue("unreadable", "", `${what}: ${why}`)], file, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
