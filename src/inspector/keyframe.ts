import type { SeenSnapshot, WatchedActor } from "./watched-actor.ts";

/** So many actors are put into words in one turn of the event loop. */
const sliceActors = 1_000;

interface Row {
  readonly actor: WatchedActor;
  readonly snapshot: SeenSnapshot;
  readonly facts: ReadonlyMap<string, string>;
}

/**
 * All actors as they stand at one moment. Taking it is quick, since snapshots never change; it is put into words slice by slice,
 * when somebody wants to have them.
 */
export class Keyframe {
  readonly t: number;
  readonly #beganMs: number;
  #rows: Row[];
  readonly #slices: string[] = [];

  /** @param beganMs when the history began, on the clock of the actors */
  constructor(t: number, beganMs: number, actors: Iterable<WatchedActor>) {
    this.t = t;
    this.#beganMs = beganMs;
    this.#rows = Array.from(actors, (actor) => ({ actor, snapshot: actor.snapshot, facts: actor.facts }));
    this.size = this.#rows.length;
    this.slices = Math.max(1, Math.ceil(this.size / sliceActors));
  }

  /** How many actors. */
  readonly size: number;

  /** How many slices; at least one. */
  readonly slices: number;

  /** The `ActorState`s of a slice as JSON, with commas between them. Slices are asked for in their order. */
  slice(index: number): string {
    const known = this.#slices[index];
    if (known !== undefined) return known;
    const rows = this.#rows.slice(index * sliceActors, (index + 1) * sliceActors);
    const text = rows
      .map(({ actor, snapshot, facts }) => `{${actor.stateText(this.#beganMs, snapshot, facts)}}`)
      .join();
    this.#slices[index] = text;
    if (index === this.slices - 1) this.#rows = []; // the text is all that anybody needs now
    return text;
  }

  /** The whole record, as a line of a recording has it. */
  get text(): string {
    const actors = Array.from({ length: this.slices }, (_, index) => this.slice(index)).join();
    return `{"kind":"keyframe","t":${this.t},"actors":[${actors}]}`;
  }
}
