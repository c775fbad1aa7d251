import type { AnyStateNode } from "xstate";

/**
 * Short names for the states of a machine, each used once: as much of the end of a state's path as tells it apart, so
 * `Running`, but `stdout_Open` and `stderr_Open`.
 */
export function stateIds(states: readonly AnyStateNode[]): ReadonlyMap<AnyStateNode, string> {
  const paths = states.map((state) => ({ state, path: state.path.length === 0 ? [state.key] : state.path }));
  const endOf = (path: readonly string[], length: number) =>
    path
      .slice(-length)
      .join("_")
      .replaceAll(/[^A-Za-z0-9_]/g, "_");
  const idOf = (path: readonly string[]): string => {
    for (let length = 1; length < path.length; length += 1) {
      const end = endOf(path, length);
      if (paths.filter((other) => endOf(other.path, length) === end).length === 1) return end;
    }
    return endOf(path, path.length);
  };
  const ids = new Map(paths.map(({ state, path }) => [state, idOf(path)]));
  if (new Set(ids.values()).size < ids.size) throw new Error("two states of the machine would get the same name");
  return ids;
}
