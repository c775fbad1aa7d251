import type { AST } from "toml-eslint-parser";

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value of a TOML document and where it stands. */
export type TomlItem =
  | { readonly kind: "string"; readonly value: string; readonly at: Position }
  | { readonly kind: "integer" | "float"; readonly value: number; readonly at: Position }
  | { readonly kind: "boolean"; readonly value: boolean; readonly at: Position }
  | { readonly kind: "datetime"; readonly at: Position }
  | { readonly kind: "array"; readonly items: TomlItem[]; readonly at: Position }
  | TomlTable;

/** A table; a header, if it has one, is where it stands. */
export interface TomlTable {
  readonly kind: "table";
  readonly entries: Map<string, TomlEntry>;
  readonly at: Position;
}

/** A key of a table, where it stands, and what it is set to. */
export interface TomlEntry {
  readonly at: Position;
  readonly item: TomlItem;
}

/** A text is no TOML. */
export class TomlSyntaxError extends Error {
  readonly at: Position;

  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

/**
 * Reads a TOML document, with the place of everything in it. The parser is loaded when there is a document to read.
 * @throws TomlSyntaxError whose message repeats nothing of the text, since that may hold secrets
 */
export async function readToml(text: string): Promise<TomlTable> {
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  try {
    const [body] = parseTOML(text).body;
    const root = table({ line: 1, column: 1 });
    for (const part of body.body) addPart(root, part);
    return root;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new TomlSyntaxError(error.message, { line: error.lineNumber, column: error.column + 1 });
  }
}

function addPart(root: TomlTable, part: AST.TOMLKeyValue | AST.TOMLTable): void {
  if (part.type === "TOMLKeyValue") return addPair(root, part);
  const target = descend(root, part.resolvedKey, startOf(part));
  for (const pair of part.body) addPair(target, pair);
}

function addPair(target: TomlTable, { key, value }: AST.TOMLKeyValue): void {
  const names = key.keys.map(nameOf);
  const last = names.pop();
  if (last === undefined) return;
  descend(target, names, startOf(key)).entries.set(last, { at: startOf(key), item: itemOf(value) });
}

/** The table at a path, which is made where it is not there yet: a name leads into a table, a number into an array of them. */
function descend(root: TomlTable, path: readonly (string | number)[], at: Position): TomlTable {
  let here: TomlItem = root;
  for (const [index, step] of path.entries()) {
    here = stepInto(here, step, () =>
      typeof path[index + 1] === "number" ? { kind: "array", items: [], at } : table(at),
    );
  }
  // The parser refuses a header that leads into anything else.
  return here.kind === "table" ? here : root;
}

function stepInto(from: TomlItem, step: string | number, fresh: () => TomlItem): TomlItem {
  if (from.kind === "array" && typeof step === "number") {
    from.items[step] ??= fresh();
    return from.items[step];
  }
  if (from.kind !== "table") return from;
  const entry = from.entries.get(String(step)) ?? { at: from.at, item: fresh() };
  from.entries.set(String(step), entry);
  return entry.item;
}

function itemOf(node: AST.TOMLContentNode): TomlItem {
  const at = startOf(node);
  if (node.type === "TOMLArray") return { kind: "array", items: node.elements.map(itemOf), at };
  if (node.type === "TOMLInlineTable") {
    const inline = table(at);
    for (const pair of node.body) addPair(inline, pair);
    return inline;
  }
  if (node.kind === "string") return { kind: "string", value: node.value, at };
  if (node.kind === "boolean") return { kind: "boolean", value: node.value, at };
  if (node.kind === "integer" || node.kind === "float") return { kind: node.kind, value: node.value, at };
  return { kind: "datetime", at };
}

function table(at: Position): TomlTable {
  return { kind: "table", entries: new Map(), at };
}

function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === "TOMLBare" ? key.name : key.value;
}

function startOf({ loc }: { readonly loc: { readonly start: Position } }): Position {
  return { line: loc.start.line, column: loc.start.column + 1 };
}
