/** Events that come often and say little: signs of life, and what is told to every process of a session. */
const quietTypes = new Set([
  "output.paused",
  "output.resumed",
  "connection.heard",
  "path.doubted",
  "peer.heard",
  "holder.heard",
  "queue.filled",
  "queue.drained",
  "peer.full",
  "peer.drained",
  "session.attached",
  "session.detached",
  "close.sent",
  "close.delivered",
  "close.unheard",
]);
const quietPatterns = [/^xstate\.after\.ping/, /^xstate\.init$/];

/** Is this an event that a person skips unless they look for it? */
export function isQuiet(type: string): boolean {
  return quietTypes.has(type) || quietPatterns.some((pattern) => pattern.test(type));
}

/** A run of quiet events, or one that is not. */
export type Fold<Item> =
  | { readonly kind: "one"; readonly item: Item }
  | { readonly kind: "quiet"; readonly items: readonly [Item, ...Item[]] };

/** Puts neighbours that are quiet into one line each; a quiet event alone stays as it is. */
export function foldQuiet<Item>(items: readonly Item[], typeOf: (item: Item) => string): Fold<Item>[] {
  const folds: Fold<Item>[] = [];
  let run: Item[] = [];
  const endRun = () => {
    const [first, ...rest] = run;
    if (first !== undefined)
      folds.push(rest.length === 0 ? { kind: "one", item: first } : { kind: "quiet", items: [first, ...rest] });
    run = [];
  };
  for (const item of items) {
    if (isQuiet(typeOf(item))) run.push(item);
    else {
      endRun();
      folds.push({ kind: "one", item });
    }
  }
  endRun();
  return folds;
}

/** `412 x output.paused, 3 x peer.heard`, the most frequent first. */
export function describeQuiet(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(sayType(type), (counts.get(sayType(type)) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([type, count]) => `${count} x ${type}`)
    .join(", ");
}

/** The type of an event as a person says it: `after timeLimit`, `done: dial`; others as they are. */
export function sayType(type: string): string {
  return type
    .replace(/^xstate\.after\.([^.]+)\..*$/, "after $1")
    .replace(/^xstate\.done\.actor\.\d*\.?/, "done: ")
    .replace(/^xstate\.error\.actor\.\d*\.?/, "failed: ")
    .replace(/^xstate\./, "");
}
