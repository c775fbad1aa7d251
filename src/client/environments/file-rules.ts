import { dirname, resolve } from "node:path";
import { type ConfigIssue, issue } from "./config-error.ts";
import type { Field, FileContent, FileEntry } from "./file-shape.ts";
import type { EnvironmentEntry, EnvironmentSnapshot } from "./snapshot.ts";
import { headerIssues, idIssues, localId, urlIssues } from "./source-rules.ts";
import type { Position } from "./toml-document.ts";

/** What is wrong in a file whose shape is right, in the order in which the reference looks (07 E-9, E-10). */
export function fileIssues(content: FileContent): ConfigIssue[] {
  const ids = content.environments.map(({ id }) => id.value);
  return [
    ...content.environments.flatMap((entry, index) => [
      ...entryIssues(entry, `environments[${index}]`),
      ...(ids.indexOf(entry.id.value) < index
        ? at(entry.id.at, [
            issue("duplicateId", `environments[${index}].id`, `environment id \`${entry.id.value}\` is duplicated`),
          ])
        : []),
    ]),
    ...defaultIssues(content, ids),
  ];
}

/** The snapshot of a file in which nothing is wrong. @param file its path: a relative `cwd` begins at its folder (07 E-12) */
export function snapshotOf(content: FileContent, file: string): EnvironmentSnapshot {
  const { default: fallback, include_local: includeLocal } = content;
  const id = fallback?.value.trim();
  return {
    environments: content.environments.map((entry) => sourceOf(entry, dirname(resolve(file)))),
    ...(id === undefined ? {} : { default: isNone(id) ? null : id }),
    includeLocal: includeLocal?.value ?? true,
  };
}

function entryIssues(entry: FileEntry, path: string): ConfigIssue[] {
  const { id, url, program, args, env, cwd, connect_timeout_sec, auth_bearer_token } = entry;
  const name = `environment \`${id.value}\``;
  const ofProgram = args ?? env ?? cwd;
  return [
    ...at(id.at, idIssues(id.value, `${path}.id`)),
    ...(program === undefined ? conflict(ofProgram, path, `${name} args, env, and cwd require program`) : []),
    ...(url === undefined
      ? [
          ...conflict(connect_timeout_sec, `${path}.connect_timeout_sec`, `${name} connect_timeout_sec requires url`),
          ...conflict(auth_bearer_token, `${path}.auth_bearer_token`, `${name} auth_bearer_token requires url`),
        ]
      : []),
    ...((url === undefined) === (program === undefined)
      ? conflict(entry, path, `${name} must set exactly one of url or program`)
      : []),
    ...(url === undefined ? [] : at(url.at, urlIssues(url.value, `${path}.url`))),
    ...(url === undefined || auth_bearer_token === undefined
      ? []
      : at(auth_bearer_token.at, headerIssues(url.value, `${path}.auth_bearer_token`))),
    ...(program?.value.trim() === ""
      ? at(program.at, [issue("invalidProgram", `${path}.program`, `${name} program cannot be empty`)])
      : []),
  ];
}

function defaultIssues({ default: fallback, include_local: includeLocal }: FileContent, ids: string[]): ConfigIssue[] {
  if (fallback === undefined) return [];
  const id = fallback.value.trim();
  const wrong = (message: string) => at(fallback.at, [issue("unknownDefault", "default", message)]);
  if (id === "") return wrong("default environment id cannot be empty");
  const isKnown = isNone(id) || ids.includes(id) || (id === localId && includeLocal?.value !== false);
  return isKnown ? [] : wrong(`default environment \`${id}\` is not configured`);
}

function sourceOf(entry: FileEntry, folder: string): EnvironmentEntry {
  const { id, url, program, args, env, cwd, connect_timeout_sec, initialize_timeout_sec, auth_bearer_token } = entry;
  const limits = {
    connectTimeoutMs: milliseconds(connect_timeout_sec),
    initializeTimeoutMs: milliseconds(initialize_timeout_sec),
  };
  if (url !== undefined) {
    const headers = auth_bearer_token && { authorization: `Bearer ${auth_bearer_token.value}` };
    return { id: id.value, url: url.value.trim(), headers, ...limits };
  }
  return {
    id: id.value,
    program: program?.value.trim() ?? "",
    args: args?.value,
    env: env?.value,
    cwd: cwd && resolve(folder, cwd.value),
    initializeTimeoutMs: limits.initializeTimeoutMs,
  };
}

function milliseconds(seconds: Field<number> | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds.value * 1_000;
}

function conflict(place: { readonly at: Position } | undefined, path: string, message: string): ConfigIssue[] {
  return place === undefined ? [] : at(place.at, [issue("conflict", path, message)]);
}

function at({ line, column }: Position, issues: readonly ConfigIssue[]): ConfigIssue[] {
  return issues.map((found) => ({ ...found, line, column }));
}

function isNone(id: string): boolean {
  return id.toLowerCase() === "none";
}
