import type { ActorNumber } from "../../records.ts";
import { count } from "../history/figures.ts";
import type { Scene } from "../history/history.ts";
import type { ActorView } from "../history/track.ts";
import type { TileGroup } from "./tile-layout.ts";

const machineOrder = [
  "connection",
  "link",
  "session",
  "process",
  "remote-process",
  "observed-process",
  "file-handle",
  "http-exchange",
  "http-body",
];
const plurals: Readonly<Record<string, string>> = {
  process: "processes",
  "remote-process": "remote processes",
  "observed-process": "observed processes",
  "http-body": "http bodies",
};

/** What several actors of a machine are called. */
export function plural(machine: string): string {
  return plurals[machine] ?? `${machine.replaceAll("-", " ")}s`;
}

/** The machines in the order in which people think of them. */
export function compareMachines(a: string, b: string): number {
  const rank = (machine: string) =>
    machineOrder.includes(machine) ? machineOrder.indexOf(machine) : machineOrder.length;
  return rank(a) - rank(b) || a.localeCompare(b);
}

/** Puts actors together: by whoever owns them, by machine, or by state. */
export function groupActors(
  actors: readonly ActorView[],
  by: "owner" | "machine" | "state",
  scene: Scene,
): TileGroup[] {
  const groups = new Map<string, { title: string; rank: string; actors: ActorView[] }>();
  const ownsSome = by === "owner" ? new Set(actors.map(({ owner }) => owner)) : new Set<ActorNumber | null>();
  for (const actor of actors) {
    const { key, title, rank } = placeOf(actor, by, scene, ownsSome);
    const group = groups.get(key) ?? { title, rank, actors: [] };
    group.actors.push(actor);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map((group) => ({ title: `${group.title} · ${count(group.actors.length)}`, actors: group.actors }));
}

function placeOf(
  actor: ActorView,
  by: "owner" | "machine" | "state",
  scene: Scene,
  ownsSome: ReadonlySet<ActorNumber | null>,
) {
  if (by === "state") return { key: actor.state, title: actor.state, rank: actor.state };
  const owner = by === "owner" ? headOf(actor, scene, ownsSome) : undefined;
  if (owner !== undefined) {
    return {
      key: `owner ${owner.actor}`,
      title: `${owner.name} · ${owner.state}`,
      rank: `b${String(owner.actor).padStart(9, "0")}`,
    };
  }
  const rank = machineOrder.indexOf(actor.machine);
  return {
    key: actor.machine,
    title: plural(actor.machine),
    rank: `a${String(rank < 0 ? 99 : rank).padStart(2, "0")}${actor.machine}`,
  };
}

/** Whose group an actor is in: its outermost owner but the root; an owner is in its own. */
function headOf(actor: ActorView, scene: Scene, ownsSome: ReadonlySet<ActorNumber | null>): ActorView | undefined {
  const owner = actor.owner === null ? undefined : scene.byNumber.get(actor.owner);
  if (owner !== undefined) return headOf(owner, scene, ownsSome) ?? owner;
  return ownsSome.has(actor.actor) ? actor : undefined;
}
