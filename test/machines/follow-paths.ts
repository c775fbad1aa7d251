import type { AnyStateMachine } from "xstate";
import type { Step, Walk } from "./walk.ts";

/** What is watched along a path: finite, and fit for `JSON.stringify`, so that endless paths come to rest. */
export interface PathObserver<M extends AnyStateMachine, Seen> {
  /** What has been seen before the machine starts. */
  readonly start: Seen;
  /** What has been seen after one more step; throws when the step must not follow what was seen before. */
  see(seen: Seen, step: Step<M>): Seen;
}

/**
 * Follows every path of a walk, of any length, and lets an observer judge each step by what came before it. The paths
 * are endless in number, but what can be seen on them is not: the search ends when it has met every configuration with
 * everything that can have been seen on the way to it. An objection names the shortest path that leads to it.
 */
export function followPaths<M extends AnyStateMachine, Seen>(walk: Walk<M>, observer: PathObserver<M, Seen>): void {
  interface Place {
    readonly step: Step<M>;
    readonly seen: Seen;
    readonly before: Place | null;
  }
  const visited = new Set<string>();
  const queue: Place[] = [];
  const visit = (step: Step<M>, seen: Seen, before: Place | null): void => {
    const key = `${step.to.key} ${JSON.stringify(seen)}`;
    if (visited.has(key)) return;
    visited.add(key);
    queue.push({ step, seen, before });
  };
  const pathTo = (place: Place | null): string[] => (place === null ? [] : [...pathTo(place.before), place.step.label]);
  const judge = (step: Step<M>, seen: Seen, before: Place | null): void => {
    let next: Seen;
    try {
      next = observer.see(seen, step);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${what}, after: ${[...pathTo(before), step.label].join(" | ")}`, { cause });
    }
    visit(step, next, before);
  };

  const following = Map.groupBy(walk.steps, ({ from }) => from);
  for (const step of following.get(null) ?? []) judge(step, observer.start, null);
  for (const place of queue) {
    for (const step of following.get(place.step.to) ?? []) judge(step, place.seen, place);
  }
}
