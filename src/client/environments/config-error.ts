import { ProctorError } from "../../protocol/errors.ts";

/** What is wrong in one place of a configuration. */
export interface ConfigIssue {
  /** The key, such as `environments[2].url`; empty for the whole. */
  readonly path: string;
  /** What kind of trouble it is. */
  readonly code: ConfigIssueCode;
  /** A sentence that names the key and the value; never one of a URL's secrets, of `args`, `env` or a token. */
  readonly message: string;
  /** Where in the file, from 1; `null` for what comes from no file. */
  readonly line: number | null;
  readonly column: number | null;
}

/** The kinds of trouble in a configuration. */
export type ConfigIssueCode =
  | "unreadable"
  | "syntax"
  | "unknownKey"
  | "missingKey"
  | "wrongType"
  | "outOfRange"
  | "invalidId"
  | "duplicateId"
  | "conflict"
  | "invalidUrl"
  | "invalidProgram"
  | "unknownDefault"
  | "unsupported";

/** The configuration of environments is wrong; nothing was started. All that is wrong in it is told at once. */
export class EnvironmentConfigError extends ProctorError {
  /** At least one, in the order of the file. */
  readonly issues: readonly ConfigIssue[];

  /** @param file its path, where the configuration is one */
  constructor(issues: readonly ConfigIssue[], file: string | null = null, options: ErrorOptions = {}) {
    super("environmentConfig", issues.map((issue) => sentenceOf(issue, file)).join("\n"), options);
    this.issues = issues;
  }
}

function sentenceOf({ message, path, line, column }: ConfigIssue, file: string | null): string {
  const place = file === null || message.includes(file) ? "" : `${file}${line === null ? "" : `:${line}:${column}`}`;
  const where = [place, path].filter((part) => part !== "").join(", ");
  return where === "" ? message : `${message} (${where})`;
}

/** An issue of a configuration that comes from no file. */
export function issue(code: ConfigIssueCode, path: string, message: string): ConfigIssue {
  return { code, path, message, line: null, column: null };
}
