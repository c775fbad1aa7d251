import type { NativePath } from "../ports/file-host.ts";

/** How an operation uses its paths. */
export interface PathUse {
  /** Does it change anything at one of its paths? */
  readonly mutates: boolean;
  /** Ends the wait, not the work: an operation that has not begun is discarded (03 SS-32). */
  readonly signal?: AbortSignal;
}

interface Operation {
  readonly paths: readonly string[];
  readonly mutates: boolean;
  /** Resolves when the operation is over, whatever became of it. */
  readonly over: Promise<void>;
}

/**
 * Keeps file operations of one connection in order where the order can be seen (04 F-7): operations on different paths run
 * concurrently; a mutation waits for every earlier operation on the same path, an ancestor or a descendant, and later ones on
 * these wait for it; reads run together. Paths are compared as they are spelled, links are not looked up.
 *
 * An operation waits for earlier ones only, so nothing can wait in a circle. Holds the operations that are under way and
 * nothing else: whoever calls bounds their number.
 */
export class PathOrder {
  readonly #underWay = new Set<Operation>();

  /**
   * Runs `fn` when its turn comes: at once, before this returns, when nothing is in the way.
   * @throws whatever `fn` throws, or the reason of the signal when it fires before the turn came.
   */
  async run<T>(paths: readonly NativePath[], use: PathUse, fn: () => T | Promise<T>): Promise<T> {
    const { promise: over, resolve: finish } = Promise.withResolvers<void>();
    const operation = { paths: paths.map(comparable), mutates: use.mutates, over };
    const earlier = [...this.#underWay].filter((other) => inTheWay(other, operation));
    this.#underWay.add(operation);
    try {
      if (earlier.length > 0) await untilOver(earlier, use.signal);
      use.signal?.throwIfAborted();
      return await fn();
    } finally {
      this.#underWay.delete(operation);
      finish();
    }
  }
}

function inTheWay(a: Operation, b: Operation): boolean {
  if (!a.mutates && !b.mutates) return false;
  return a.paths.some((left) => b.paths.some((right) => left.startsWith(right) || right.startsWith(left)));
}

/** The bytes one to one, with one separator at the end: then "at or below" is "starts with". */
function comparable(path: NativePath): string {
  const text = (typeof path === "string" ? Buffer.from(path) : path).toString("latin1");
  const slashed = text.startsWith("/") ? text : text.replaceAll("\\", "/");
  return slashed.endsWith("/") ? slashed : `${slashed}/`;
}

async function untilOver(operations: readonly Operation[], signal: AbortSignal | undefined): Promise<void> {
  const allOver = Promise.all(operations.map((operation) => operation.over));
  if (signal === undefined) {
    await allOver;
    return;
  }
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([allOver, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
