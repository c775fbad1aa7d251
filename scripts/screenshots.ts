/**
 * Takes the pictures of the page in docs/images: `npm run screenshots`. What they show is a simulated world on virtual time, so that a picture
 * differs only when the page does.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveRecording } from "../src/inspector/recording-page.ts";
import type { RecordingLine } from "../src/inspector/records.ts";
import { startBrowser } from "../test/browser/chromium.ts";
import { assertBuilt, go } from "../test/browser/stage.ts";
import { recordRun } from "../test/simulation/recorded-run.ts";
import {
  calmScenario,
  type Operation,
  type Program,
  quietProgram,
  type Scenario,
} from "../test/simulation/scenario.ts";

const folder = join(import.meta.dirname, "../docs/images");

const printing = (count: number, afterMs: number): Program["output"] =>
  Array.from(
    { length: count },
    (_, index) => ({ afterMs, stream: index % 5 === 4 ? "stderr" : "stdout", bytes: 60 }) as const,
  );

/** Programs that end well, fail, go on, or print more than their reader takes. */
const programs: readonly Program[] = [
  { ...quietProgram, output: printing(12, 300), exitAfterMs: 200 },
  { ...quietProgram, output: printing(30, 400) },
  { ...quietProgram, output: printing(4, 500), exitAfterMs: 100, exitCode: 2 },
  { ...quietProgram, output: printing(8, 700), exitAfterMs: 3_000 },
  { ...quietProgram, failsToSpawn: true },
  { ...quietProgram, output: printing(20, 150), exitAfterMs: 9_000, exitCode: 101 },
];

const starts = Array.from({ length: 30 }, (_, index): Operation => {
  const program = programs[(index * 5 + (index >> 2)) % programs.length] ?? quietProgram;
  return {
    type: "start",
    at: 40 + index * 130,
    client: index % 3,
    slot: index,
    program,
    stdin: "pipe",
    abortAfterMs: null,
    readerMs: 1,
  };
});

const scenario: Scenario = {
  ...calmScenario,
  seed: 4,
  clients: 3,
  operations: [
    ...starts,
    { type: "terminate", at: 7_000, client: 0, slot: 3 },
    { type: "interrupt", at: 7_500, client: 1, slot: 7 },
  ],
  faults: [
    { type: "cut", at: 5_000, client: 1, delivers: false },
    { type: "refuse", at: 5_000, forMs: 2_600, client: 1 },
  ],
};

/** What is taken: a view at a moment, in seconds. */
interface Shot {
  readonly name: string;
  readonly hash: (process: number) => string;
  readonly dark?: boolean;
}

const shots: readonly Shot[] = [
  { name: "fleet", hash: (process) => `#/?at=6200&picked=${process}` },
  { name: "actor", hash: (process) => `#/actor/${process}?at=7020`, dark: true },
  { name: "time", hash: () => "#/time?at=6200&filter=-kind:connection" },
  { name: "machines", hash: () => "#/machines/session?at=6200" },
];

await assertBuilt();
const { lines } = await recordRun(scenario, "simulation, seed 4");
/** What comes after this is the quiet at the end of every simulation. */
const endMs = 13_000;
const records = lines
  .join("")
  .split("\n")
  .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as RecordingLine])); // our own writer's
const shown = records.filter((record) => record.kind === "header" || record.t < endMs);
const terminated = records.find((record) => record.kind === "event" && record.event.type === "terminate");
if (terminated?.kind !== "event") throw new Error("the scenario terminates a process");

const scratch = await mkdtemp(join(tmpdir(), "proctor-screenshots-"));
try {
  await mkdir(folder, { recursive: true });
  await writeFile(join(scratch, "recording.jsonl"), shown.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await using server = await serveRecording(join(scratch, "recording.jsonl"));
  for (const { name, hash, dark = false } of shots) {
    await using browser = await startBrowser({ width: 1280, height: 800, dark });
    const page = await browser.open(server.newUrl());
    await page.locator(".top .title", { hasText: "simulation" }).waitFor();
    await go(page, hash(terminated.actor));
    if (name === "actor" || name === "machines") await page.locator(".chart").first().waitFor();
    if (name === "actor") await page.locator(".xterm-rows").waitFor();
    // Everything that was to be drawn has been by the second frame after.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.screenshot({ path: join(folder, `${name}.png`) });
    console.log(`docs/images/${name}.png`);
  }
} finally {
  await rm(scratch, { recursive: true });
}
