import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The lines of a recording of the reference orchestrator 0.142.3. */
export async function recorded<Line>(name: string): Promise<Line[]> {
  const text = await readFile(join(import.meta.dirname, "transcripts", `${name}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** The cases of a recording whose lines are one case each, behind a remark. */
export async function recordedCases<Case>(name: string): Promise<Case[]> {
  const lines = await recorded<{ readonly msg: Case | string }>(name);
  return lines.flatMap(({ msg }) => (typeof msg === "string" ? [] : [msg]));
}
