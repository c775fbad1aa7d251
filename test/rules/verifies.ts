import manifest from "./manifest.json" with { type: "json" };

const known = new Set(
  Object.entries(manifest).flatMap(([chapter, rules]) => rules.map((rule) => `${chapter} ${rule}`)),
);

/** Every rule of the specification, as `chapter rule`. */
export const allRules: ReadonlySet<string> = known;

/**
 * Says which rules of the specification the test around it verifies: `verifies("02 P-12", "01 W-35")`. The list of rules that
 * nothing verifies is kept next to this file, and may only shrink.
 */
export function verifies(...rules: readonly string[]): void {
  for (const rule of rules) {
    if (!known.has(rule)) throw new Error(`the specification has no rule ${rule}`);
  }
}
