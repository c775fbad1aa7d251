import { textOf } from "./filter.ts";
import type { ActorView } from "./track.ts";

/** The actors as a table for a spreadsheet (RFC 4180). What a program could take for a formula is quoted with an apostrophe. */
export function toCsv(actors: readonly ActorView[], t: number): string {
  const factNames = [...new Set(actors.flatMap(({ facts }) => Object.keys(facts)))].sort();
  const head = ["actor", "kind", "name", "state", "inStateMs", "owner", "events", "ignored", ...factNames];
  const rows = actors.map(({ actor, machine, name, state, stateSince, owner, heard, ignored, facts }) => [
    actor,
    machine,
    name,
    state,
    Math.round(t - stateSince),
    owner ?? "",
    heard,
    ignored,
    ...factNames.map((fact) => (facts[fact] === undefined ? "" : textOf(facts[fact]))),
  ]);
  return [head, ...rows].map((cells) => `${cells.map(cell).join(",")}\r\n`).join("");
}

function cell(value: string | number): string {
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
