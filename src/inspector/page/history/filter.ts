import type { Json } from "../../records.ts";
import type { ActorView } from "./track.ts";

/** Which actors to show. */
export interface Filter {
  readonly matches: (actor: ActorView, at: Surroundings) => boolean;
  /** What of the text could not be understood: the rest filters. */
  readonly trouble: string | null;
}

/** What a filter asks beside the actor itself. */
export interface Surroundings {
  /** The time that is shown, for ages. */
  readonly t: number;
  readonly ownerOf: (actor: ActorView) => ActorView | undefined;
  readonly isOdd: (actor: ActorView) => boolean;
}

type Test = Filter["matches"];

/**
 * Reads what a person typed: words that the name or the facts contain, and `key:value` terms, all of which must hold.
 * `state:Running`, `kind:process`, `owner:7f3a`, `age:>10s` (in its state), `is:odd`, and any fact: `argv:~make`, `pid:4711`,
 * `exitCode:>0`. Values are equal, contained after `~`, or compared after `>` and `<`; `-` before a term turns it round, quotes
 * keep blanks together.
 */
export function parseFilter(text: string): Filter {
  const tests: Test[] = [];
  let trouble: string | null = null;
  for (const [, sign, key, quoted, plain] of text.matchAll(/(-?)(?:([A-Za-z][\w]*):)?(?:"([^"]*)"?|(\S+))/g)) {
    const value = quoted ?? plain ?? "";
    const test = key === undefined ? wordTest(value) : keyTest(key, value);
    if (typeof test === "string") trouble ??= test;
    else tests.push(sign === "-" ? (actor, at) => !test(actor, at) : test);
  }
  return { matches: (actor, at) => tests.every((test) => test(actor, at)), trouble };
}

function wordTest(word: string): Test {
  const wanted = word.toLowerCase();
  return ({ name, machine, state, facts }) =>
    [name, machine, state].some((text) => text.toLowerCase().includes(wanted)) ||
    Object.values(facts).some((fact) => textOf(fact).toLowerCase().includes(wanted));
}

function keyTest(key: string, value: string): Test | string {
  switch (key) {
    case "state":
      return textTest(value, ({ state }) => state);
    case "kind":
      return textTest(value, ({ machine }) => machine);
    case "name":
      return textTest(value, ({ name }) => name);
    case "owner":
      return (actor, { ownerOf }) => {
        const owner = ownerOf(actor);
        return (
          owner !== undefined &&
          (owner.name.toLowerCase().includes(value.toLowerCase()) || String(owner.actor) === value)
        );
      };
    case "age": {
      const limit = /^([<>]?)(\d+(?:\.\d+)?)(ms|s|min|h)?$/.exec(value);
      if (limit === null) return `age:${value} is no age; it is written age:>10s`;
      const [, comparison, figure, unit = "s"] = limit;
      const ms = Number(figure) * ({ ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }[unit] ?? 1_000);
      return ({ stateSince }, { t }) => (comparison === "<" ? t - stateSince < ms : t - stateSince > ms);
    }
    case "is":
      if (value !== "odd" && value !== "active" && value !== "over")
        return `is:${value} is unknown; there are is:odd, is:active and is:over`;
      if (value === "odd") return (actor, { isOdd }) => isOdd(actor);
      return ({ status }) => (status === "active") === (value === "active");
    default:
      return factTest(key, value);
  }
}

function textTest(value: string, of: (actor: ActorView) => string): Test {
  const wanted = value.toLowerCase();
  if (wanted.startsWith("~")) return (actor) => of(actor).toLowerCase().includes(wanted.slice(1));
  return (actor) => of(actor).toLowerCase() === wanted;
}

function factTest(key: string, value: string): Test {
  const comparison = /^([<>])(-?\d+(?:\.\d+)?)$/.exec(value);
  const name = key.toLowerCase();
  const factOf = ({ facts }: ActorView) => Object.entries(facts).find(([fact]) => fact.toLowerCase() === name)?.[1];
  if (comparison !== null) {
    const limit = Number(comparison[2]);
    return (actor) => {
      const fact = factOf(actor);
      return typeof fact === "number" && (comparison[1] === "<" ? fact < limit : fact > limit);
    };
  }
  return textTest(value, (actor) => {
    const fact = factOf(actor);
    return fact === undefined ? "" : textOf(fact);
  });
}

/** A fact as a person reads it: the words of an `argv` with blanks between them. */
export function textOf(fact: Json): string {
  if (typeof fact === "string") return fact;
  if (Array.isArray(fact) && fact.every((item) => typeof item === "string")) return fact.join(" ");
  return JSON.stringify(fact);
}
