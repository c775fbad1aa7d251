import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runTurn } from "./codex-turn.ts";
import { type ExecutorName, type RunningExecutor, startExecutor } from "./executors.ts";
import { normalise } from "./normalise.ts";
import { sandboxedScenarios } from "./sandboxed-scenarios.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import type { Told } from "./scripted-model.ts";
import { processesIn } from "./survivors.ts";
import { type Files, readFiles, writeFiles } from "./workspace.ts";

/** What one turn came to. */
interface Played {
  readonly told: Told;
  readonly filesAfter: Files;
}

const everyScenario = [...scenarios, ...sandboxedScenarios];

/** Two turns at their limit, and a wait for a free core. */
const timeout = 100_000;

/** A turn that is over takes its processes with it, within this time. */
const endsWithinMs = 5_000;

const owned = new AsyncDisposableStack();
const executors = new Map<ExecutorName, Promise<RunningExecutor>>();
const turns = new Map<string, Promise<Played>>();
let root: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "codex-turns-")));
  owned.defer(() => rm(root, { recursive: true, force: true }));
});

afterAll(() => owned.disposeAsync());

describe.each<ExecutorName>(["reference", "Proctor"])("Codex on the executor %s tells its model", (executor) => {
  test.concurrent.each(everyScenario)("$name", { timeout }, async (scenario) => {
    const { told, filesAfter } = await play(scenario, executor);
    const workspace = workspaceOf(scenario);
    expect(told.outputs.map(({ output }) => output)).toEqual(scenario.outputs(workspace));
    for (const text of scenario.prompt?.(workspace) ?? []) expect(promptText(told)).toContain(text);
    expect(filesAfter).toEqual(scenario.filesAfter ?? scenario.files ?? {});
  });
});

describe("Codex tells its model the same on either executor", () => {
  test.concurrent.each(everyScenario)("$name", { timeout }, async (scenario) => {
    const reference = await play(scenario, "reference");
    expect(await play(scenario, "Proctor")).toEqual(reference);
  });
});

/** Plays a scenario once for each executor, however many tests look at what it came to. */
function play(scenario: Scenario, executor: ExecutorName): Promise<Played> {
  return once(turns, `${executor}: ${scenario.name}`, async () => {
    const { url } = await once(executors, executor, async () => owned.use(await startExecutor(executor)));
    const workspace = workspaceOf(scenario);
    await writeFiles(workspace, scenario.files ?? {});
    try {
      const told = await runTurn({
        executorUrl: url,
        steps: scenario.steps,
        sandboxFlag: scenario.sandboxFlag ?? "bypass",
        workspace: join(workspace, scenario.cwd ?? ""),
      });
      await vi.waitFor(() => noneRunsIn(workspace), { timeout: endsWithinMs });
      return { told: normalise(told), filesAfter: withoutLeftMasks(await readFiles(workspace), scenario, executor) };
    } finally {
      await rm(workspace, { recursive: true, force: true });
    }
  });
}

async function noneRunsIn(workspace: string): Promise<void> {
  const pids = await processesIn(workspace);
  if (pids.length > 0) throw new Error(`the turn is over, and processes ${pids.join(", ")} still run`);
}

/** The reference sometimes leaves the empty directories with which it protected a workspace (05 section 7, defect 11); Proctor may not. */
function withoutLeftMasks(files: Files, scenario: Scenario, executor: ExecutorName): Files {
  if (executor !== "reference") return files;
  const isMask = (path: string) => /^\.(git|agents|codex)\/$/.test(path) && scenario.files?.[path] === undefined;
  return Object.fromEntries(Object.entries(files).filter(([path]) => !isMask(path)));
}

function once<Key, Value>(made: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  const value = made.get(key) ?? make();
  made.set(key, value);
  return value;
}

/** The same path whatever the executor, since the model sees it. */
function workspaceOf({ name }: Scenario): string {
  return join(root, name.replaceAll(/\W+/g, "-"));
}

function promptText({ prompt }: Told): string {
  return prompt.flatMap(({ content }) => content.map((part) => ("text" in part ? part.text : part.type))).join("\n");
}
