import type { ActorNumber } from "../../records.ts";
import { duration } from "./figures.ts";
import type { History, Scene } from "./history.ts";
import { countUpTo } from "./sorted.ts";
import { describeExit, exitOf } from "./story.ts";
import type { ActorView } from "./track.ts";

/** Something about an actor that a person should look at. */
export interface Oddity {
  readonly actor: ActorNumber;
  readonly kind: "failed" | "ignored" | "slow" | "retained" | "heldBack" | "divergent";
  readonly text: string;
}

/** So many stays in a state must have ended before one of them can be called long. */
const fewestStays = 20;
const mostStays = 500;
/** A closed process is let go after this, unless its client is away. */
const longestRetentionMs = 30_000;
/** Nobody is called slow for less. */
const leastSlowMs = 1_000;

/** The ends of stays, by machine and state, in the order in which they came. */
interface EndedStay {
  readonly order: number;
  readonly ms: number;
}

/** Finds what is odd in a scene: only what had happened by then counts, so that a moment looks the same whenever one looks at it. */
export class OddityWatch {
  readonly #history: History;
  #ended = new Map<string, EndedStay[]>();
  #version = -1;

  constructor(history: History) {
    this.#history = history;
  }

  /** What is odd, worst first; of each actor the worst alone. */
  find(scene: Scene, t: number): Oddity[] {
    this.#learn();
    const limits = new Map<string, number | null>();
    const limitOf = (key: string) => {
      const known = limits.get(key);
      if (known !== undefined) return known;
      const limit = this.#longest(key, scene.position);
      limits.set(key, limit);
      return limit;
    };
    const divergent = new Set(
      this.#history.divergences.filter(({ order }) => order < scene.position).map(({ actor }) => actor),
    );
    const found = scene.actors.flatMap((actor) => this.#judge(actor, scene, t, limitOf, divergent) ?? []);
    return found.sort((a, b) => ranks.indexOf(a.kind) - ranks.indexOf(b.kind));
  }

  #judge(
    actor: ActorView,
    scene: Scene,
    t: number,
    limitOf: (key: string) => number | null,
    divergent: ReadonlySet<ActorNumber>,
  ): Oddity | null {
    const odd = (kind: Oddity["kind"], text: string) => ({ actor: actor.actor, kind, text });
    if (divergent.has(actor.actor)) return odd("divergent", "diverged from its recording");
    if (actor.tone === "failed") return odd("failed", actor.status === "error" ? "its machine failed" : actor.state);
    const track = this.#history.tracks.get(actor.actor);
    const heard = track === undefined ? null : exitOf(track, scene.position);
    // Whoever came later has not heard of the exit, but the facts know.
    const exitCode = heard?.exitCode ?? actor.facts.exitCode;
    if (typeof exitCode === "number" && exitCode !== 0) return odd("failed", describeExit(exitCode));
    if (actor.state === "HeldBack")
      return odd("heldBack", `held back by a slow reader for ${duration(t - actor.stateSince)}`);
    if (actor.ignored > 0)
      return odd("ignored", `${actor.ignored} ${actor.ignored === 1 ? "event" : "events"} ignored`);
    if (actor.status !== "active") return null;
    const limit = limitOf(`${actor.machine} ${actor.state}`);
    const inState = t - actor.stateSince;
    if (limit !== null && inState > limit)
      return odd("slow", `${actor.state} for ${duration(inState)}; 99 of 100 take ${duration(limit)}`);
    if (actor.machine === "process" && actor.state === "Closed" && inState > longestRetentionMs) {
      return odd("retained", `closed ${duration(inState)} ago, and kept for a client that is away`);
    }
    return null;
  }

  /** How long 99 of 100 of the last stays took that had ended by then. */
  #longest(key: string, position: number): number | null {
    const ended = this.#ended.get(key) ?? [];
    const count = countUpTo(ended, position - 1, ({ order }) => order);
    if (count < fewestStays) return null;
    const lengths = ended.slice(Math.max(0, count - mostStays), count).map(({ ms }) => ms);
    lengths.sort((a, b) => a - b);
    return Math.max(leastSlowMs, lengths[Math.ceil(lengths.length * 0.99) - 1] ?? 0);
  }

  #learn(): void {
    if (this.#version === this.#history.version) return;
    this.#version = this.#history.version;
    this.#ended = new Map();
    for (const { machine, stays } of this.#history.tracks.values()) {
      stays.forEach(({ name, t }, index) => {
        const next = stays[index + 1];
        if (next === undefined) return;
        const key = `${machine} ${name}`;
        const ended = this.#ended.get(key) ?? [];
        ended.push({ order: next.order, ms: next.t - t });
        this.#ended.set(key, ended);
      });
    }
    for (const ended of this.#ended.values()) ended.sort((a, b) => a.order - b.order);
  }
}

const ranks: readonly Oddity["kind"][] = ["divergent", "failed", "heldBack", "ignored", "slow", "retained"];
