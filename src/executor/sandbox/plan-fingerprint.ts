import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import type { PlanArgument } from "./mount-plan.ts";

const bindOptions: ReadonlySet<string> = new Set(["--bind", "--ro-bind", "--dev-bind"]);

/**
 * What tells one view of the files from another: its mounts, and which file or directory each of them shows, by device and inode.
 * A place that was replaced, or a link that leads elsewhere, makes another view (05 SB-F9).
 */
export function planFingerprint(words: readonly PlanArgument[]): string {
  const hash = createHash("sha256");
  words.forEach((word, index) => {
    hash.update(JSON.stringify(word));
    const before = words[index - 1];
    const isSource = before !== undefined && "text" in before && bindOptions.has(before.text);
    if ("opened" in word) hash.update(identityOf(word.opened));
    else if (isSource && "text" in word) hash.update(identityOf(word.text));
  });
  return hash.digest("hex");
}

function identityOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "missing" : `${found.dev}:${found.ino}`;
}
