import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { notReplayed } from "../conformance/not-replayed.ts";
import { scenarios } from "../conformance/scenarios/all-scenarios.ts";
import unverifiedRules from "./unverified.json" with { type: "json" };
import { allRules } from "./verifies.ts";

/** The parts of the specification that are built; the rest of a chapter waits for its turn. */
const built: Readonly<Record<string, RegExp>> = {
  "01": /^[WB]-/,
  "02": /^[PS]-/,
  "03": /^(D|I|N|SS|T)-/,
  "04": /^[PF]-/,
  "05": /^SB-/,
  "06": /^(H|C|F)-/,
  "07": /^E-/,
};

const unverified: readonly string[] = unverifiedRules;
/** The recordings that Proctor is not measured against show nothing about it. */
const excluded = notReplayed.proctor;
const testFolder = join(import.meta.dirname, "..");

test("the rules that nothing verifies are those on the list, and the list does not grow", async () => {
  const verified = new Set([...(await citedByTests()), ...(await shownByTranscripts()), ...shownByScenarios()]);
  const open = [...allRules].filter((rule) => {
    const [chapter = "", id = ""] = rule.split(" ");
    return built[chapter]?.test(id) === true && !verified.has(rule);
  });
  expect(
    open.filter((rule) => !unverified.includes(rule)),
    "rules that lost their test",
  ).toEqual([]);
  expect(
    unverified.filter((rule) => !open.includes(rule)),
    "rules to take off the list",
  ).toEqual([]);
  expect(unverified, "the list stands in the order of the specification").toEqual(open);
});

test("every rule that a test cites exists", async () => {
  expect([...(await citedByTests()), ...shownByScenarios()].filter((rule) => !allRules.has(rule))).toEqual([]);
});

/** What stands in `verifies(...)` calls, whether or not the test runs on this machine. */
async function citedByTests(): Promise<Set<string>> {
  const cited = new Set<string>();
  for (const file of await readdir(testFolder, { recursive: true })) {
    if (!file.endsWith(".ts") || file.startsWith("rules/")) continue;
    const text = await readFile(join(testFolder, file), "utf8");
    for (const call of text.matchAll(/\bverifies\(([^)]*)\)/g)) {
      for (const rule of (call[1] ?? "").matchAll(/"([^"]+)"/g)) cited.add(rule[1] ?? "");
    }
  }
  return cited;
}

/** Recorded sessions name the rules that they show in their first line; replaying one verifies them. */
async function shownByTranscripts(): Promise<Set<string>> {
  const shown = new Set<string>();
  const folder = join(testFolder, "conformance", "transcripts");
  for (const file of await readdir(folder)) {
    if (file.replace(/\.jsonl$/, "") in excluded) continue;
    const [head = ""] = (await readFile(join(folder, file), "utf8")).split("\n", 1);
    const { msg } = JSON.parse(head) as { msg: { rules?: string[] } | string };
    if (typeof msg === "string") continue;
    for (const rule of msg.rules ?? []) shown.add(qualified(rule, file.startsWith("w") ? "01" : "02"));
  }
  return shown;
}

/** Traffic that is made anew instead of replayed names its rules too. */
function shownByScenarios(): readonly string[] {
  return scenarios.filter(({ recording }) => !(recording && recording in excluded)).flatMap(({ rules }) => rules);
}

/** Within a transcript a rule of its own chapter stands alone; wire rules are wire rules everywhere. */
function qualified(rule: string, chapter: string): string {
  return `${rule.startsWith("W-") || rule.startsWith("B-") ? "01" : chapter} ${rule}`;
}
