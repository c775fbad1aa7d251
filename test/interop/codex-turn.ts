import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codexBinary, codexHome } from "../../scripts/codex.ts";
import { spawnGroup } from "./child-group.ts";
import { type Step, startScriptedModel, type Told } from "./scripted-model.ts";

/** How the turn's commands are confined, as flags of the Codex CLI. */
export type SandboxFlag = "bypass" | "workspace-write" | "read-only";

/** One offline agent turn. */
export interface Turn {
  /** Websocket URL of the executor that runs every command and holds every file. */
  readonly executorUrl: string;
  /** What the model does. */
  readonly steps: readonly Step[];
  readonly sandboxFlag: SandboxFlag;
  /** The turn's working directory, on the executor. */
  readonly workspace: string;
}

/** A turn that takes longer than this is stuck. */
const turnLimitMs = 45_000;

/** Knows parallel tool calls and images, and never leaves loopback: its provider is the scripted model. */
const modelName = "gpt-5.4";

/**
 * Runs the real Codex CLI through one turn and resolves with what its model was told. Rejects with the CLI's own
 * messages when the turn did not come to its end. Whatever happens, nothing of the CLI is left behind.
 */
export async function runTurn({ executorUrl, steps, sandboxFlag, workspace }: Turn): Promise<Told> {
  await using model = await startScriptedModel(steps);
  const binary = await codexBinary();
  const home = await codexHome();
  try {
    await writeFile(join(home, "config.toml"), config(model.baseUrl));
    const flags =
      sandboxFlag === "bypass" ? ["--dangerously-bypass-approvals-and-sandbox"] : ["--sandbox", sandboxFlag];
    await using cli = spawnGroup([binary, "exec", "--skip-git-repo-check", ...flags, "go"], {
      cwd: workspace,
      env: { PATH: process.env.PATH ?? "", HOME: home, CODEX_HOME: home, CODEX_EXEC_SERVER_URL: executorUrl },
    });
    const limit = setTimeout(cli.kill, turnLimitMs);
    const exitCode = await cli.ended.finally(() => clearTimeout(limit));
    try {
      const told = model.told();
      if (exitCode !== 0) throw new Error("the turn failed after the model was done");
      return told;
    } catch (cause) {
      const end = exitCode === null ? `was killed, at the latest after ${turnLimitMs} ms` : `ended with ${exitCode}`;
      throw new Error(`codex exec ${end}: ${String(cause)}\n${cli.printed()}`, { cause });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function config(baseUrl: string): string {
  return `
model = "${modelName}"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${baseUrl}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[features]
unified_exec = true
plugins = false

[skills.bundled]
enabled = false
`;
}
