import type { AnyStateMachine } from "xstate";
import { type JsonValue, machines, toJson } from "../machines/index.ts";

/**
 * A number for the definition of a machine, as 16 hexadecimal digits: its states, transitions, and the names of its guards, actions and
 * delays, but not their code, which a bundler rewrites. Pure, and for the page too: with another hash it cannot replay.
 */
export function machineHash(machine: AnyStateMachine): string {
  const text = canonical(toJson(machine));
  return hash(text, 0x811c9dc5) + hash(text, 0x9e3779b9);
}

/** The hashes of all machines, by their names. */
export function machineHashes(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(machines).map(([name, machine]) => [name, machineHash(machine)]));
}

/** The same for the same, whatever the order of the members. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

/** FNV-1a with a final avalanche. */
function hash(text: string, basis: number): string {
  let state = basis;
  for (let index = 0; index < text.length; index += 1) state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return ((state ^ (state >>> 16)) >>> 0).toString(16).padStart(8, "0");
}
