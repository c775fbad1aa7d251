import type { Json } from "../../records.ts";

/** A member that differs. */
export interface Difference {
  /** `deadline`, `holder.name`, `queue.0`. */
  readonly path: string;
  /** Absent when it was added. */
  readonly before?: Json;
  /** Absent when it was taken away. */
  readonly after?: Json;
}

/** Where two values differ, in the order of the second one. */
export function diffJson(before: Json, after: Json, path = ""): Difference[] {
  if (!isComposite(before) || !isComposite(after) || Array.isArray(before) !== Array.isArray(after)) {
    return Object.is(before, after) ? [] : [{ path, before, after }];
  }
  const [left, right] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...right.keys(), ...left.keys()])].flatMap((key): Difference[] => {
    const [was, is] = [left.get(key), right.get(key)];
    const inner = path === "" ? key : `${path}.${key}`;
    if (is === undefined) return was === undefined ? [] : [{ path: inner, before: was }];
    if (was === undefined) return [{ path: inner, after: is }];
    return diffJson(was, is, inner);
  });
}

function isComposite(value: Json): value is Exclude<Json, string | number | boolean | null> {
  return typeof value === "object" && value !== null;
}
