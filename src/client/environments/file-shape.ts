import type { ConfigIssue, ConfigIssueCode } from "./config-error.ts";
import { timeoutIssues } from "./source-rules.ts";
import type { Position, TomlItem, TomlTable } from "./toml-document.ts";

/** A value of the file and where it stands. */
export interface Field<T> {
  readonly value: T;
  readonly at: Position;
}

/** An entry of `environments`, before the rules are looked at. */
export interface FileEntry {
  /** Where the entry begins. */
  readonly at: Position;
  readonly id: Field<string>;
  readonly url: Field<string> | undefined;
  readonly program: Field<string> | undefined;
  readonly args: Field<readonly string[]> | undefined;
  readonly env: Field<Readonly<Record<string, string>>> | undefined;
  readonly cwd: Field<string> | undefined;
  readonly connect_timeout_sec: Field<number> | undefined;
  readonly initialize_timeout_sec: Field<number> | undefined;
  readonly auth_bearer_token: Field<string> | undefined;
}

/** What stands in the file, before the rules are looked at. */
export interface FileContent {
  readonly default: Field<string> | undefined;
  readonly include_local: Field<boolean> | undefined;
  readonly environments: readonly FileEntry[];
}

const fileKeys = ["default", "include_local", "environments"] as const;
const entryKeys = [
  "id",
  "url",
  "program",
  "args",
  "env",
  "cwd",
  "connect_timeout_sec",
  "initialize_timeout_sec",
  "auth_bearer_token",
] as const;

/** What they are set to is never repeated. */
const secretKeys: ReadonlySet<string> = new Set(["url", "args", "env", "auth_bearer_token"]);

/** Reads the shape of `environments.toml`: keys and types, as in 07 section 4. Every fault is told, and a faulty value left out. */
export function readShape(root: TomlTable): { readonly content: FileContent; readonly issues: readonly ConfigIssue[] } {
  const shape = new Shape();
  const content = shape.file(root);
  return { content, issues: shape.issues };
}

class Shape {
  readonly issues: ConfigIssue[] = [];

  file(root: TomlTable): FileContent {
    this.#refuseUnknown(root, fileKeys, "");
    const list = root.entries.get("environments")?.item;
    return {
      default: this.#string(root, "default", ""),
      include_local: this.#boolean(root, "include_local", ""),
      environments: list === undefined ? [] : this.#entries(list),
    };
  }

  #entries(list: TomlItem): FileEntry[] {
    if (list.kind !== "array") {
      this.#wrongType(list, "environments", "a sequence");
      return [];
    }
    return list.items.flatMap((item, index) => {
      const path = `environments[${index}]`;
      if (item.kind === "table") return this.#entry(item, `${path}.`);
      this.#wrongType(item, path, "a map");
      return [];
    });
  }

  #entry(table: TomlTable, path: string): FileEntry[] {
    this.#refuseUnknown(table, entryKeys, path);
    if (!table.entries.has("id")) this.#add("missingKey", `${path}id`, table.at, "missing field `id`");
    const id = this.#string(table, "id", path);
    const rest = {
      url: this.#string(table, "url", path),
      program: this.#string(table, "program", path),
      args: this.#strings(table, path),
      env: this.#variables(table, path),
      cwd: this.#string(table, "cwd", path),
      connect_timeout_sec: this.#seconds(table, "connect_timeout_sec", path),
      initialize_timeout_sec: this.#seconds(table, "initialize_timeout_sec", path),
      auth_bearer_token: this.#string(table, "auth_bearer_token", path),
    };
    return id === undefined ? [] : [{ at: table.at, id, ...rest }];
  }

  #refuseUnknown(table: TomlTable, known: readonly string[], path: string): void {
    const names = known.map((name) => `\`${name}\``).join(", ");
    for (const [name, { at }] of table.entries) {
      if (known.includes(name)) continue;
      this.#add("unknownKey", path + name, at, `unknown field \`${name}\`, expected one of ${names}`);
    }
  }

  #string(table: TomlTable, name: string, path: string): Field<string> | undefined {
    const item = table.entries.get(name)?.item;
    if (item === undefined || item.kind === "string") return item;
    return this.#wrongType(item, path + name, "a string");
  }

  #boolean(table: TomlTable, name: string, path: string): Field<boolean> | undefined {
    const item = table.entries.get(name)?.item;
    if (item === undefined || item.kind === "boolean") return item;
    return this.#wrongType(item, path + name, "a boolean");
  }

  #seconds(table: TomlTable, name: string, path: string): Field<number> | undefined {
    const item = table.entries.get(name)?.item;
    if (item === undefined) return undefined;
    if (item.kind !== "integer" && item.kind !== "float") return this.#wrongType(item, path + name, "f64");
    const [fault] = timeoutIssues(item.value, path + name, 1_000);
    if (fault === undefined) return item;
    return this.#add(fault.code, fault.path, item.at, fault.message);
  }

  #strings(table: TomlTable, path: string): Field<readonly string[]> | undefined {
    const list = table.entries.get("args")?.item;
    if (list === undefined) return undefined;
    if (list.kind !== "array") return this.#wrongType(list, `${path}args`, "a sequence");
    const value = list.items.flatMap((item, index) => {
      if (item.kind === "string") return item.value;
      this.#wrongType(item, `${path}args[${index}]`, "a string");
      return [];
    });
    return { value, at: list.at };
  }

  #variables(table: TomlTable, path: string): Field<Readonly<Record<string, string>>> | undefined {
    const variables = table.entries.get("env")?.item;
    if (variables === undefined) return undefined;
    if (variables.kind !== "table") return this.#wrongType(variables, `${path}env`, "a map");
    const pairs = [...variables.entries].flatMap(([name, { item }]) => {
      if (item.kind === "string") return [[name, item.value] as const];
      this.#wrongType(item, `${path}env.${name}`, "a string");
      return [];
    });
    return { value: Object.fromEntries(pairs), at: variables.at };
  }

  #wrongType(item: TomlItem, path: string, expected: string): undefined {
    this.#add("wrongType", path, item.at, `invalid type: ${described(item, path)}, expected ${expected}`);
  }

  #add(code: ConfigIssueCode, path: string, { line, column }: Position, message: string): undefined {
    this.issues.push({ code, path, message, line, column });
  }
}

const kinds = { integer: "integer", float: "floating point", boolean: "boolean" } as const;

/** A value in the words of the reference; its kind alone where it may be secret. */
function described(item: TomlItem, path: string): string {
  const isSecret = path.split(/[.[]/).some((part) => secretKeys.has(part));
  if (item.kind === "array") return "sequence";
  if (item.kind === "table") return "map";
  if (item.kind === "datetime") return "datetime";
  if (item.kind === "string") return isSecret ? "string" : `string ${JSON.stringify(item.value)}`;
  return isSecret ? kinds[item.kind] : `${kinds[item.kind]} \`${item.value}\``;
}
