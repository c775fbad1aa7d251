import type { AnyStateNode } from "xstate";

/** A state and all below it in document order, itself first. */
export function statesOf(root: AnyStateNode): AnyStateNode[] {
  return [root, ...Object.values(root.states).flatMap((state) => statesOf(state as AnyStateNode))];
}
