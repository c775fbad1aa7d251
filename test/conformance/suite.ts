import { describe, test } from "vitest";
import { notReplayed } from "./not-replayed.ts";
import type { ServerKind } from "./peer/server.ts";
import { replay } from "./replay/replay.ts";
import { readTranscript, transcriptNames } from "./replay/transcript.ts";
import { missingHere } from "./requirements.ts";
import { scenarios } from "./scenarios/all-scenarios.ts";

/** Recordings of 30 s and more: begun first, so that the others run beside them. */
const slow = ["w16-keepalive", "p18-retention-and-eviction", "p27-session-expiry"];

/** Long enough for a slow recording on a busy machine. */
const TIMEOUT_MS = 90_000;

/** Defines one test for each recording and each scenario, against one server. */
export async function conformanceSuite(kind: ServerKind): Promise<void> {
  const excluded = notReplayed[kind];
  const remade = new Set(scenarios.map(({ recording }) => recording));
  const names = transcriptNames().filter((name) => !remade.has(name) && !(name in excluded));
  const ordered = [...slow, ...names.filter((name) => !slow.includes(name))];
  const missing = new Map<string, string>();
  for (const name of ordered) {
    const reason = await missingHere(name, kind);
    if (reason) missing.set(name, reason);
  }
  for (const [name, reason] of missing) console.warn(`SKIPPED: ${name} against ${kind} ${reason}`);

  describe.concurrent(`recordings against ${kind}`, { timeout: TIMEOUT_MS }, () => {
    for (const name of ordered) {
      const transcript = readTranscript(name);
      const title = `${name}: ${transcript.describes.split(/(?<=[.;:]) /, 1)[0]}`;
      test.skipIf(missing.has(name))(title, () => replay(transcript, kind));
    }
  });

  describe.concurrent(`scenarios against ${kind}`, { timeout: TIMEOUT_MS }, () => {
    for (const scenario of scenarios) {
      if (scenario.recording && scenario.recording in excluded) continue;
      test(`${scenario.name} (${scenario.rules.join(", ")})`, () => scenario.run(kind));
    }
  });
}
