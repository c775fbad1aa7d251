import type { AnyActor, Snapshot, Subscription } from "xstate";
import type { WatchedEntity } from "../actors/actor-watch.ts";
import { type MachineName, machines } from "../machines/index.ts";
import { redactJson, redactText } from "./redaction.ts";

/** The snapshot of a machine, as far as a history needs it. */
export type SeenSnapshot = Snapshot<unknown> & { readonly value: object | string; readonly context: object };

/** Machines are known by their ids; their names are those of `machines`. */
const nameOfMachine = new Map<string, MachineName>(
  Object.entries(machines).map(([name, { id }]) => [id, name as MachineName]), // `entries` of a closed record
);

const noFacts: ReadonlyMap<string, string> = new Map();

/** The text of a context, which never changes. */
const contextTexts = new WeakMap<object, string>();

/** One actor in the register of a hub. */
export class WatchedActor {
  /** Counted from 1, never used again. */
  readonly number: number;
  readonly ref: AnyActor;
  readonly entity: WatchedEntity;
  /** Of the actor that it belongs to. */
  readonly owner: number | null;
  /** When it was created, on the clock of the hub. */
  readonly sinceMs: number;
  /** As the history tells it, up to its last record: while something is told, the actor itself may be further on. */
  snapshot: SeenSnapshot;
  /** Has one of the transitions under way been taken? */
  isTaken = false;
  /** It has come to its end; at most the last of its events is still to be told. */
  isEnding = false;
  subscription: Subscription | null = null;
  /** The facts as they were last told, each as JSON. */
  facts: ReadonlyMap<string, string> = noFacts;
  #beginning: string | null = null;

  constructor(number: number, ref: AnyActor, entity: WatchedEntity, owner: number | null, sinceMs: number) {
    this.number = number;
    this.ref = ref;
    this.entity = entity;
    this.owner = owner;
    this.sinceMs = sinceMs;
    this.snapshot = this.present;
  }

  /** As the actor is now. */
  get present(): SeenSnapshot {
    return this.ref.getSnapshot() as SeenSnapshot; // all actors here run machines
  }

  get machine(): MachineName {
    const name = nameOfMachine.get((this.ref.logic as { readonly id: string }).id);
    if (name === undefined) throw new Error(`the machine of ${this.ref.id} has no name`);
    return name;
  }

  /** As it stands in a history that began at `beganMs`: the members of an `ActorState`, without the braces. */
  stateText(beganMs: number, snapshot: SeenSnapshot, facts: ReadonlyMap<string, string>): string {
    this.#beginning ??= [
      `"actor":${this.number}`,
      `"machine":${JSON.stringify(this.machine)}`,
      `"name":${JSON.stringify(redactText(this.ref.id).slice(0, 200).toWellFormed())}`,
      `"owner":${this.owner}`,
      `"since":${roundedTime(this.sinceMs - beganMs)}`,
    ].join();
    const { value, context, status } = snapshot;
    return `${this.#beginning},"status":"${statusOf(status)}","value":${JSON.stringify(value)},"context":${contextText(context)},"facts":${factsText(facts)}`;
  }

  /** Asks for its facts, and tells those that have changed, as JSON; `null`: none has. */
  newFacts(): string | null {
    const changed: string[] = [];
    let next: Map<string, string> | null = null;
    for (const [name, fact] of Object.entries(redactJson(this.entity.facts()) as object)) {
      const text = JSON.stringify(fact);
      if (this.facts.get(name) === text) continue;
      next ??= new Map(this.facts); // keyframes hold the former ones
      next.set(name, text);
      changed.push(`${JSON.stringify(name)}:${text}`);
    }
    if (next === null) return null;
    this.facts = next;
    return `{${changed.join()}}`;
  }
}

/** A machine that was stopped from outside has come to its end too. */
export function statusOf(status: Snapshot<unknown>["status"]): "active" | "done" | "error" {
  return status === "stopped" ? "done" : status;
}

/** To the microsecond. */
export function roundedTime(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function contextText(context: object): string {
  const known = contextTexts.get(context);
  if (known !== undefined) return known;
  const text = JSON.stringify(redactJson(context));
  contextTexts.set(context, text);
  return text;
}

function factsText(facts: ReadonlyMap<string, string>): string {
  return `{${[...facts].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}
